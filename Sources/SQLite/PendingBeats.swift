internal import LifecycleCore

/// The last sign of life of each project that is not on disk yet, by project row: however often a pipeline reports, its
/// row is written once a second. Lost with the process, after which every lease gets a lease of grace. Pure.
package struct PendingBeats {
    private var waiting: [Int64: Beat] = [:]
    /// What each change of the transaction that is open replaced, as that may yet be rolled back.
    private var replaced: [(row: Int64, beat: Beat?)] = []

    package init() {}

    package var isEmpty: Bool { waiting.isEmpty }
    var rows: [Int64] { Array(waiting.keys) }
    /// Where the transaction is, for `rollBack(to:)`.
    var mark: Int { replaced.count }

    /// What it does not say stays as it was said before.
    mutating func add(_ beat: Beat, of row: Int64) {
        let earlier = waiting[row]
        var beat = beat
        beat.progress = beat.progress ?? earlier?.progress
        beat.message = beat.message ?? earlier?.message
        replaced.append((row, earlier))
        waiting[row] = beat
    }

    /// The project as it is with what its last sign of life said.
    func applied(to stored: StoredProject) -> StoredProject {
        guard let beat = waiting[stored.row] else { return stored }
        var stored = stored
        stored.project.progress = beat.progress ?? stored.project.progress
        stored.project.message = beat.message ?? stored.project.message
        stored.project.deadline = beat.deadline
        stored.project.updatedAt = beat.at
        return stored
    }

    /// Takes one out to write it.
    mutating func take(_ row: Int64) -> Beat? {
        guard let beat = waiting.removeValue(forKey: row) else { return nil }
        replaced.append((row, beat))
        return beat
    }

    /// What was written is on disk.
    mutating func commit() { replaced.removeAll(keepingCapacity: true) }

    /// What was done since is undone: 0 for the whole transaction.
    mutating func rollBack(to mark: Int) {
        while replaced.count > mark, let change = replaced.popLast() { waiting[change.row] = change.beat }
    }
}
