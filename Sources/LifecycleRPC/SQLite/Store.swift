internal import Glibc
package import LifecycleCore
package import LifecycleSQLite
internal import LifecycleSystem

/// The ledger on disk: opened in the order that makes what was acknowledged before survive whatever ended the last run.
package final class Store: Sendable {
    package let writes: WriterThread
    package let scans: ReaderPool
    /// The last run did not end in order: a kill, a crash, a power cut.
    package let stoppedUncleanly: Bool

    private let nextDeadline = NextDeadline()
    private let health: StorageHealth
    private let directory: StateDirectory
    private let backups: Backups
    private let onError: @Sendable (StorageError) -> Void

    package struct Environment: Sendable {
        package var clock: WallClock
        package var uptime: Uptime
        /// How long the machine has run.
        package var sinceStart: Uptime
        package var limits: Limits
        package var metrics: any MetricsSource
        /// Runs completions where the callers live.
        package var deliver: @Sendable (@escaping @Sendable () -> Void) -> Void
        package var onBatch: @Sendable (_ jobs: Int, _ took: Duration) -> Void
        /// Told what the daemon's clocks did, as which caller.
        package var onSweep: @Sendable (WriteOutcome, Caller) -> Void
        /// Told, on the writer thread, which event is the newest on disk.
        package var onCommit: @Sendable (Int64) -> Void
        /// Calls back after some time, on any thread. Tests move the clock and call `WriterThread.tick()` instead.
        package var schedule: @Sendable (Duration, @escaping @Sendable () -> Void) -> Void
        /// Milliseconds by which that may be late, and for which the writer may be busy; more means that the process stood
        /// still. Tests that move the clock and
        /// ring nothing have all the time there is.
        package var patience: Int64
        /// Asked on the writer thread, with the uptime: whether the event loop stood still at some time since the last call.
        package var hasLoopPaused: @Sendable (Int64) -> Bool
        /// Told what storage said, from any thread. After a fatal error nothing may be acknowledged any more.
        package var onError: @Sendable (StorageError) -> Void
        /// Told, on the writer thread, that the clock was set or the machine slept.
        package var onClockJump: @Sendable (ClockJump) -> Void
        /// Where backups are made; nil: in `backups` beside the database.
        package var backupFolder: String?
        /// Told what became of each backup and how long it took, on the thread that made it.
        package var onBackup: @Sendable (Result<BackupReport, BackupFailure>, Duration) -> Void
        /// Told how the log is, once a second at the most, on the writer thread.
        package var onLog: @Sendable (LogReport) -> Void
        /// Opened for one sweep and closed again: who starts meanwhile waits instead of giving up.
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

    /// Locks, repairs, migrates and sweeps. When it returns, the ledger is ready and its threads run.
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

    /// A connection for point reads, to be used on the thread that asks for it.
    package func makeReader() throws(StorageError) -> sending Reader {
        try Reader(path: directory.databasePath, nextDeadline, health: health, backups: backups, onError: onError)
    }

    /// After an unclean stop: checks the whole file and the whole ledger while callers are already served.
    /// - Parameter completion: gets one sentence for each thing found, on a thread of the store.
    package func verify(_ completion: @escaping @Sendable (Result<[String], StorageError>) -> Void) {
        scans.verify(completion)
    }

    /// The newest backup there is: when it was written, in seconds since 1970, and its bytes. Looks at the disk.
    package func newestBackup() -> (time: Int64, bytes: Int64)? { backups.folder.newest() }

    /// Abandons the backup that is being made, whose caller is told so, and refuses further ones.
    /// - Parameter time: waits no longer for the end of it.
    package func stopBackups(by time: ContinuousClock.Instant) async { await backups.stop(by: time) }

    /// Whether any project has a deadline, as far as is known without a look at the disk.
    var hasUnfinishedProjects: Bool { nextDeadline.time.milliseconds < .max }

    /// Writes what is queued, empties the WAL and closes.
    /// - Parameter time: what is queued is given up then.
    /// - Returns: once all is on disk, nil; else what went wrong.
    package func close(by time: ContinuousClock.Instant = .now + .seconds(86_400)) async -> StorageError? {
        // Their snapshots would be in the way of emptying the WAL.
        await stopBackups(by: time)
        await scans.close(by: time)
        return await withCheckedContinuation { done in writes.close(by: time) { done.resume(returning: $0) } }
    }
}

extension Caller {
    /// The daemon itself, as the one who fails what nobody reported.
    static let daemon = Caller(uid: geteuid(), gid: getegid(), pid: getpid(), roles: [.admin])
}
