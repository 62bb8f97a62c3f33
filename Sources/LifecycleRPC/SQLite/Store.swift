internal import Glibc
package import LifecycleCore
package import LifecycleSQLite
internal import LifecycleSystem

/// The ledger on disk. It is opened in an order in which acknowledged writes survive any end of the last run.
package final class Store: Sendable {
    package let writes: WriterThread
    package let scans: ReaderPool
    /// The last run ended by a kill, a crash or a power cut.
    package let stoppedUncleanly: Bool

    private let nextDeadline = NextDeadline()
    private let health: StorageHealth
    private let directory: StateDirectory
    private let backups: Backups
    private let onError: @Sendable (StorageError) -> Void

    package struct Environment: Sendable {
        package var clock: WallClock
        package var uptime: Uptime
        /// The milliseconds since the machine started, also while it slept.
        package var sinceStart: Uptime
        package var limits: Limits
        package var metrics: any MetricsSource
        /// Runs completions on the thread of their callers.
        package var deliver: @Sendable (@escaping @Sendable () -> Void) -> Void
        package var onBatch: @Sendable (_ jobs: Int, _ took: Duration) -> Void
        /// Called with the events of expired projects, and as which caller the daemon expired them.
        package var onSweep: @Sendable (WriteOutcome, Caller) -> Void
        /// Called on the writer's thread with the number of the newest durable event.
        package var onCommit: @Sendable (Int64) -> Void
        /// Calls back after some time, on any thread. Tests move the clock and call `WriterThread.tick()` instead.
        package var schedule: @Sendable (Duration, @escaping @Sendable () -> Void) -> Void
        /// In milliseconds. If a timer is later than this, or the writer is busy for longer, the process is assumed to
        /// have stood still, and leases are extended. `.max` turns this off, for tests that move the clock without
        /// timers.
        package var patience: Int64
        /// Called on the writer's thread with the uptime: whether the event loop has stood still since the last call.
        package var hasLoopPaused: @Sendable (Int64) -> Bool
        /// Called with storage errors, on any thread. After a fatal error no write may be acknowledged.
        package var onError: @Sendable (StorageError) -> Void
        /// Called on the writer's thread when the clock was set or the machine slept.
        package var onClockJump: @Sendable (ClockJump) -> Void
        /// The folder for backups; `nil` for `backups` in the folder of the database.
        package var backupFolder: String?
        /// Called with the result of each backup and how long it took, on the thread that made it.
        package var onBackup: @Sendable (Result<BackupReport, BackupFailure>, Duration) -> Void
        /// Called with the state of the WAL, at most once per second, on the writer's thread.
        package var onLog: @Sendable (LogReport) -> Void
        /// The ledger is opened for one sweep and then closed. A daemon that starts meanwhile waits instead of giving
        /// up.
        package var isBrief: Bool

        package init(
            clock: @escaping WallClock, uptime: @escaping Uptime = systemUptime,
            sinceStart: @escaping Uptime = systemSinceStart, limits: Limits,
            metrics: any MetricsSource,
            deliver: @escaping @Sendable (@escaping @Sendable () -> Void) -> Void,
            onBatch: @escaping @Sendable (_ jobs: Int, _ took: Duration) -> Void = { _, _ in },
            onSweep: @escaping @Sendable (WriteOutcome, Caller) -> Void = { _, _ in },
            onCommit: @escaping @Sendable (Int64) -> Void = { _ in },
            schedule: @escaping @Sendable (Duration, @escaping @Sendable () -> Void) -> Void = { _, _ in },
            patience: Int64 = .max, hasLoopPaused: @escaping @Sendable (Int64) -> Bool = { _ in false },
            onError: @escaping @Sendable (StorageError) -> Void,
            onClockJump: @escaping @Sendable (ClockJump) -> Void = { _ in }, backupFolder: String? = nil,
            onBackup: @escaping @Sendable (Result<BackupReport, BackupFailure>, Duration) -> Void = { _, _ in },
            onLog: @escaping @Sendable (LogReport) -> Void = { _ in }, isBrief: Bool = false
        ) {
            self.clock = clock
            self.uptime = uptime
            self.sinceStart = sinceStart
            self.limits = limits
            self.metrics = metrics
            self.deliver = deliver
            self.onBatch = onBatch
            self.onSweep = onSweep
            self.onCommit = onCommit
            self.schedule = schedule
            self.patience = patience
            self.hasLoopPaused = hasLoopPaused
            self.onError = onError
            self.onClockJump = onClockJump
            self.backupFolder = backupFolder
            self.onBackup = onBackup
            self.onLog = onLog
            self.isBrief = isBrief
        }

        package func context(_ caller: Caller) -> CallContext {
            CallContext(now: clock(), caller: caller, limits: limits, metrics: metrics)
        }
    }

    /// Locks, repairs and migrates the ledger, and expires due projects. When it returns, the ledger is ready and its
    /// threads run.
    package init(path: String, _ environment: Environment) throws(StorageError) {
        directory = try StateDirectory(databasePath: path, isBrief: environment.isBrief)
        let backups = Backups(
            BackupFolder(environment.backupFolder, database: directory.location), onEnd: environment.onBackup)
        self.backups = backups
        let health = StorageHealth()
        self.health = health
        let onError: @Sendable (StorageError) -> Void = { error in
            health.note(error)
            environment.onError(error)
        }
        self.onError = onError
        let path = directory.databasePath
        let opening = try LedgerOpening(
            directory, uptime: environment.uptime, onReport: environment.onLog,
            freeSnapshots: { backups.giveWay() })
        stoppedUncleanly = opening.hadLog

        let writer = try Writer(
            opening.database, identity: FileIdentity(databasePath: path), log: opening.log,
            nextDeadline: nextDeadline, context: { environment.context($0) }, uptime: environment.uptime,
            sinceStart: environment.sinceStart, patience: environment.patience,
            hasLoopPaused: environment.hasLoopPaused, onError: onError,
            onClockJump: environment.onClockJump)
        let onExpiry: @Sendable ([NewEvent]) -> Void = { events in
            environment.onSweep(WriteOutcome(.success { $0.null() }, steps: events), .daemon)
        }
        try writer.expireAll(onExpiry)
        writer.log.look()

        writes = WriterThread(
            limit: environment.limits.maximumQueuedWrites,
            WriterObserver(
                deliver: environment.deliver, onCommitGroup: environment.onBatch, onError: onError,
                onExpiry: onExpiry, onCommit: environment.onCommit, schedule: environment.schedule))
        scans = ReaderPool(writes: writes, context: { environment.context($0) }, deliver: environment.deliver)
        do throws(SystemCallError) {
            try writes.start(writer)
        } catch {
            throw StorageError(.cannotOpen, code: error.code, error.description)
        }
        try scans.start { () throws(StorageError) in try makeReader() }
    }

    /// Opens a connection for point reads, which is used on the calling thread.
    package func makeReader() throws(StorageError) -> sending Reader {
        try Reader(path: directory.databasePath, nextDeadline, health: health, backups: backups, onError: onError)
    }

    /// Checks the whole file and the whole ledger after an unclean stop, while callers are already served.
    /// - Parameter completion: gets one sentence for each finding, on a thread of the store.
    package func verify(_ completion: @escaping @Sendable (Result<[String], StorageError>) -> Void) {
        scans.verify(completion)
    }

    /// When the newest backup was written, in seconds since 1970, and its size in bytes. Reads the folder.
    package func newestBackup() -> (time: Int64, bytes: Int64)? { backups.folder.newest() }

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
