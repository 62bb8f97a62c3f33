internal import LifecycleCore

/// The last sign of life of each project that is not on disk yet, by project row: however often a pipeline reports, its
/// row is written once a second. Lost with the process, after which every lease gets a lease of grace. Pure.
struct PendingBeats {
    private var waiting: [Int64: Beat] = [:]
    /// Written by the transaction that is open, which may yet be rolled back.
    private var written: [Int64: Beat] = [:]
    /// What waited before the request that is carried out, where it has changed that.
    private var earlier: [Int64: Beat?] = [:]

    var isEmpty: Bool { waiting.isEmpty }
    var rows: [Int64] { Array(waiting.keys) }

    /// A request begins: what it adds can be taken back.
    mutating func begin() { earlier.removeAll(keepingCapacity: true) }

    /// What it does not say stays as it was said before.
    mutating func add(_ beat: Beat, of row: Int64) {
        var beat = beat
        let before = waiting[row]
        beat.progress = beat.progress ?? before?.progress
        beat.message = beat.message ?? before?.message
        if earlier[row] == nil { earlier[row] = .some(before) }
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
        written[row] = beat
        return beat
    }

    /// What was written is on disk.
    mutating func commit() {
        begin()
        written.removeAll(keepingCapacity: true)
    }

    /// What was written is not, and waits again; what the request added was never said.
    mutating func rollBack() {
        for (row, beat) in earlier { waiting[row] = beat }
        begin()
        waiting.merge(written) { later, _ in later }
        written.removeAll(keepingCapacity: true)
    }
}
