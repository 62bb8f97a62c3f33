package import LifecycleCore

extension Store {
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
}
