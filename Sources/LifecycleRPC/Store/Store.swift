internal import Glibc
package import LifecycleCore
internal import LifecycleSystem

/// An opened ledger with its threads: one writer, and those for scans.
package final class Store: Sendable {
    package let writes: WriterThread
    package let scans: ReaderPool
    /// What a read has to wait for before it is answered; `nil` if readers see durable commits only.
    let durability: Durability?
    /// The last run ended by a kill, a crash or a power cut.
    package let stoppedUncleanly: Bool

    private let snapshots: any LedgerSnapshots
    private let backups: any LedgerBackups
    private let nextDeadline: NextDeadline
    private let health: StorageHealth
    private let onError: @Sendable (StorageError) -> Void

    /// Expires due projects and starts the threads. When it returns, requests can be served.
    package init(_ ledger: sending OpenedLedger, _ environment: Environment) throws(StorageError) {
        let health = StorageHealth()
        let onError: @Sendable (StorageError) -> Void = { error in
            health.note(error)
            environment.onError(error)
        }
        let durability = Durability()
        let snapshots = ledger.snapshots
        self.health = health
        self.onError = onError
        self.snapshots = snapshots
        backups = ledger.backups
        stoppedUncleanly = ledger.stoppedUncleanly
        let nextDeadline = NextDeadline()
        self.nextDeadline = nextDeadline

        let writer = Writer(
            ledger.engine, nextDeadline, durability, context: { environment.context($0) }, uptime: environment.uptime,
            patience: environment.patience, hasLoopPaused: environment.hasLoopPaused, onError: onError,
            onClockJump: environment.onClockJump)
        let onExpiry: @Sendable ([NewEvent]) -> Void = { events in
            environment.onSweep(WriteOutcome(.success { $0.null() }, steps: events), .daemon)
        }
        try writer.expireAll(onExpiry)
        try writer.engine.reclaimSpace()

        writes = WriterThread(
            limit: environment.limits.maximumQueuedWrites,
            WriterObserver(
                deliver: environment.deliver, onCommitGroup: environment.onBatch, onError: onError,
                onExpiry: onExpiry, onCommit: environment.onCommit, schedule: environment.schedule))
        self.durability = snapshots.showsUndurableCommits ? durability : nil
        scans = ReaderPool(
            writes: writes, durability: self.durability,
            context: { environment.context($0) }, deliver: environment.deliver)
        do throws(SystemCallError) {
            try writes.start(writer)
        } catch {
            throw StorageError(.cannotOpen, code: error.code, error.description)
        }
        try scans.start { () throws(StorageError) in try makeReader() }
    }

    /// Opens a connection for point reads, which is used on the calling thread.
    package func makeReader() throws(StorageError) -> sending Reader {
        Reader(try snapshots.makeReader(), nextDeadline, health: health, onError: onError)
    }

    /// Checks the whole file and the whole ledger after an unclean stop, while callers are already served.
    /// - Parameter completion: gets one sentence for each finding, on a thread of the store.
    package func verify(_ completion: @escaping @Sendable (Result<[String], StorageError>) -> Void) {
        scans.verify(completion)
    }

    /// When the newest backup was written, in seconds since 1970, and its size in bytes. Reads the folder.
    package func newestBackup() -> (time: Int64, bytes: Int64)? { backups.newest() }

    /// Stops the running backup, whose caller gets an error, and refuses further ones.
    /// - Parameter time: when to return at the latest.
    package func stopBackups(by time: ContinuousClock.Instant) async { await backups.stop(by: time) }

    /// Whether any project has a deadline, as far as is known without a read.
    var hasUnfinishedProjects: Bool { nextDeadline.time.milliseconds < .max }

    /// Writes what is queued, empties the WAL and closes the database.
    /// - Parameter time: when the writer gives up the work that still waits.
    /// - Returns: `nil` if everything is on disk, otherwise the error.
    package func close(by time: ContinuousClock.Instant = .now + .seconds(86_400)) async -> StorageError? {
        // Their snapshots would prevent the WAL from being emptied.
        await stopBackups(by: time)
        await scans.close(by: time)
        return await withCheckedContinuation { done in writes.close(by: time) { done.resume(returning: $0) } }
    }
}

extension Caller {
    /// The daemon itself, as the caller that fails due projects.
    static let daemon = Caller(uid: geteuid(), gid: getegid(), pid: getpid(), roles: [.admin])
}
