package import LifecycleCore
package import LifecycleSQLite
internal import Synchronization

/// Makes backups, one at a time, on the calling thread.
package final class Backups: BackupMaker, LedgerBackups {
    private struct State {
        var isRunning = false
        var isStopped = false
        /// The running backup must end its snapshot.
        var givesWay = false
        /// The interrupter of the connection that checks a copy.
        var check: Database.Interrupter?
    }

    let folder: BackupFolder
    private let state = Mutex(State())
    private let onEnd: @Sendable (Result<BackupReport, BackupFailure>, Duration) -> Void

    /// 16 MiB of pages of 4 KiB.
    private static let pagesPerFlush: Int32 = 4096

    init(
        _ folder: BackupFolder, onEnd: @escaping @Sendable (Result<BackupReport, BackupFailure>, Duration) -> Void
    ) {
        self.folder = folder
        self.onEnd = onEnd
    }

    /// Copies the snapshot of `source`, ends the snapshot, and checks the copy.
    /// - Parameter source: a reader with an open transaction.
    package func make(_ path: String, from source: Database) throws(BackupFailure) -> BackupReport {
        let clock = ContinuousClock()
        let start = clock.now
        do throws(BackupFailure) {
            let report = try makeAlone(path, from: source)
            onEnd(.success(report), clock.now - start)
            return report
        } catch {
            onEnd(.failure(error), clock.now - start)
            throw error
        }
    }

    package func newest() -> (time: Int64, bytes: Int64)? { folder.newest() }

    /// Abandons the running backup and refuses further ones. Returns when nothing of it is left, or at `time`.
    package func stop(by time: ContinuousClock.Instant) async {
        while true {
            let isRunning = state.withLock { state in
                state.isStopped = true
                state.check?.interrupt()
                return state.isRunning
            }
            guard isRunning, ContinuousClock.now < time else { return }
            // An interrupt between two statements has no effect, and the next statement may run for minutes. So it is
            // repeated.
            try? await Task.sleep(for: .milliseconds(10))
        }
    }

    /// Abandons the running backup if its snapshot is still open, because refunds need the room that the snapshot
    /// takes.
    func giveWay() {
        state.withLock { $0.givesWay = $0.isRunning }
    }

    // MARK: Steps

    private func makeAlone(_ path: String, from source: Database) throws(BackupFailure) -> BackupReport {
        try begin()
        defer { end() }
        return try makeOne(path, from: source)
    }

    private func makeOne(_ path: String, from source: Database) throws(BackupFailure) -> BackupReport {
        let name = try folder.name(of: path)
        let folder = try folder.open()
        guard folder.status(name) == nil else { throw PartialFile.exists(name, in: folder) }
        let partial = try PartialFile(in: folder)

        try copy(source, to: partial)
        // The snapshot ends here. Commits since its begin can be copied into the database, and the WAL can start again
        // from the beginning.
        if source.isInTransaction { try? source.execute("COMMIT") }
        let extent = try check(partial)
        try goOn()
        let bytes = try partial.publish(as: name)
        return BackupReport(
            path: folder.file(name), bytes: bytes, projects: extent.projects, lastSeq: extent.lastSeq)
    }

    private func copy(_ source: Database, to partial: PartialFile) throws(BackupFailure) {
        let copy = try Self.open(partial)
        var flushed: Int32 = 0
        try source.copyPages(to: copy) { pages throws(BackupFailure) in
            try goOn()
            if state.withLock(\.givesWay) { throw Self.noRoom }
            guard pages - flushed >= Self.pagesPerFlush else { return }
            flushed = pages
            try partial.flush()
        }
    }

    /// Checks the copy in a new connection, as a restore will open it, to prove that the file alone is complete.
    private func check(_ partial: PartialFile) throws(BackupFailure) -> (projects: Int64, lastSeq: Int64) {
        let copy = try Self.open(partial)
        do throws(StorageError) {
            let check = try copy.interrupter
            state.withLock { $0.check = check }
        } catch {
            throw BackupFailure(error, while: "checking the copy")
        }
        defer {
            // The interrupter must be gone before its connection is closed.
            state.withLock { $0.check = nil }
            withExtendedLifetime(copy) {}
        }
        do throws(BackupFailure) {
            try copy.checkLedger(goOn: goOn)
        } catch {
            try goOn()
            throw BackupFailure("the copy did not pass its check: \(error.reason)")
        }
        do throws(StorageError) {
            return try copy.extent()
        } catch {
            throw BackupFailure(error, while: "checking the copy")
        }
    }

    private static func open(_ partial: PartialFile) throws(BackupFailure) -> Database {
        do throws(StorageError) {
            return try Database(path: partial.path, mode: .copy)
        } catch {
            throw BackupFailure(error, while: "opening the copy")
        }
    }

    // MARK: One at a time

    private func begin() throws(BackupFailure) {
        try state.withLock { state throws(BackupFailure) in
            if state.isStopped { throw Self.stopping }
            if state.isRunning { throw BackupFailure("another one is being made: wait for it") }
            state.isRunning = true
            state.givesWay = false
        }
    }

    private func end() {
        state.withLock { $0.isRunning = false }
    }

    private func goOn() throws(BackupFailure) {
        if state.withLock(\.isStopped) { throw Self.stopping }
    }

    private static let stopping = BackupFailure("the daemon is stopping")
    private static let noRoom = BackupFailure(
        "the database's disk is full, and refunds need the room that the backup's snapshot takes: free some space")
}
