internal import LifecycleCore

/// The last heartbeat of each project that is not on disk yet, by project row. So a project is written at most once per
/// second, even if its pipeline sends more heartbeats. If the process ends, they are lost; after the restart every
/// lease lasts its whole length again. A pure value.
package struct PendingBeats {
    private var waiting: [Int64: Beat] = [:]
    /// The values that the open transaction has replaced, in case it is rolled back.
    private var replaced: [(row: Int64, beat: Beat?)] = []

    package init() {}

    package var isEmpty: Bool { waiting.isEmpty }
    var rows: [Int64] { Array(waiting.keys) }
    /// The current position in the transaction, for `rollBack(to:)`.
    var mark: Int { replaced.count }

    /// Values that the heartbeat does not contain are kept from earlier ones.
    mutating func add(_ beat: Beat, of row: Int64) {
        let earlier = waiting[row]
        var beat = beat
        beat.progress = beat.progress ?? earlier?.progress
        beat.message = beat.message ?? earlier?.message
        replaced.append((row, earlier))
        waiting[row] = beat
    }

    /// The project with the values of its last heartbeat.
    func applied(to stored: StoredProject) -> StoredProject {
        guard let beat = waiting[stored.row] else { return stored }
        var stored = stored
        stored.project.progress = beat.progress ?? stored.project.progress
        stored.project.message = beat.message ?? stored.project.message
        stored.project.deadline = beat.deadline
        stored.project.updatedAt = beat.at
        return stored
    }

    /// Removes and returns a heartbeat, which the caller writes.
    mutating func take(_ row: Int64) -> Beat? {
        guard let beat = waiting.removeValue(forKey: row) else { return nil }
        replaced.append((row, beat))
        return beat
    }

    /// The transaction is durable.
    mutating func commit() { replaced.removeAll(keepingCapacity: true) }

    /// Undoes all changes since `mark`; 0 undoes those of the whole transaction.
    mutating func rollBack(to mark: Int) {
        while replaced.count > mark, let change = replaced.popLast() { waiting[change.row] = change.beat }
    }
}
