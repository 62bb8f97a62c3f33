internal import LifecycleCore
internal import LifecycleSQLite

/// Runs commit groups on the only connection that writes and makes checkpoints. Not `Sendable`: used on the writer's
/// thread only.
final class Writer {
    /// When the WAL has this many frames, the writer makes a checkpoint between two commits. This is 16 MiB of pages of
    /// 4 KiB: enough that checkpoints are rare, and little enough for a quick start after a crash.
    static let checkpointFrames: Int32 = 4096

    let database: Database
    let transaction: SQLiteWriteTransaction
    let nextDeadline: NextDeadline
    let context: @Sendable (Caller) -> CallContext
    let uptime: Uptime
    /// The time from which leases count at the earliest: see `Sweep.settle`.
    var resumedAt: Timestamp
    var clockWatch: ClockWatch
    /// When this thread was last known to run, by the monotonic clock, and the longest time in milliseconds without
    /// such a sign: see `noticePause`.
    var lastSeen: Int64
    let patience: Int64
    /// Asked whether the event loop has stood still since the last call, so that no client could report.
    let hasLoopPaused: @Sendable (_ uptime: Int64) -> Bool
    /// The work after the wall clock was set, or may have been set while no daemon ran, and when to do it, by the
    /// monotonic clock.
    var clockChanges = ClockChanges()
    var clockChangesAt: Int64?
    /// Called with errors of the daemon's own work after which it continues.
    let onError: @Sendable (StorageError) -> Void
    let onClockJump: @Sendable (ClockJump) -> Void
    /// The newest event that was reported to the observer.
    var reportedEvent: Int64 = 0
    private let identity: FileIdentity
    let log: LogKeeper

    let begin: Statement
    private let commitStatement: Statement
    private let rollback: Statement
    let savepoint: Statement
    let release: Statement
    let rollbackToSavepoint: Statement

    init(
        _ database: Database, identity: FileIdentity, log: LogKeeper,
        nextDeadline: NextDeadline, context: @escaping @Sendable (Caller) -> CallContext, uptime: @escaping Uptime,
        sinceStart: @escaping Uptime = systemSinceStart, patience: Int64,
        hasLoopPaused: @escaping @Sendable (_ uptime: Int64) -> Bool,
        onError: @escaping @Sendable (StorageError) -> Void, onClockJump: @escaping @Sendable (ClockJump) -> Void
    ) throws(StorageError) {
        self.database = database
        self.identity = identity
        self.log = log
        self.nextDeadline = nextDeadline
        self.context = context
        self.uptime = uptime
        resumedAt = context(.daemon).now
        lastSeen = uptime()
        clockWatch = ClockWatch(wall: resumedAt, uptime: lastSeen)
        self.patience = patience
        self.hasLoopPaused = hasLoopPaused
        self.onError = onError
        self.onClockJump = onClockJump
        transaction = try SQLiteWriteTransaction(database, nextDeadline, sinceStart: sinceStart)
        begin = try database.prepare("BEGIN IMMEDIATE")
        commitStatement = try database.prepare("COMMIT")
        rollback = try database.prepare("ROLLBACK")
        savepoint = try database.prepare("SAVEPOINT request")
        release = try database.prepare("RELEASE request")
        rollbackToSavepoint = try database.prepare("ROLLBACK TO request")
        try log.keepBallast()
    }

    var now: Timestamp { context(.daemon).now }

    /// Runs all jobs in one transaction, each in a savepoint, and commits once.
    /// - Parameter late: called before the COMMIT until it returns nothing: the jobs that have arrived meanwhile.
    func run(_ jobs: [WriteJob], joinedBy late: (_ already: Int) -> [WriteJob]) -> CommitGroup {
        var group = CommitGroup(jobs)
        do throws(AttemptError) {
            if log.isDiskFull { try leaveFullDisk() }
            if !log.isDiskFull {
                try attempt(jobs, joinedBy: late, &group)
                return group
            }
        } catch  where error.cause.kind == .full {
            log.enterFullDisk()
            group.note(error.cause)
        } catch {
            refuse(group.jobs.count, &group, error)
            return group
        }
        runWithoutCharges(&group)
        return group
    }

    /// Verifies that the files are still the ones that were opened.
    func check() throws(StorageError) { try identity.verify() }

    /// Empties the WAL, so that the next start sees a clean stop, and closes the database.
    /// - Throws: `.moved` if the database file was deleted or replaced.
    func close() throws(StorageError) {
        try log.empty()
        try database.close()
        try identity.verifyDatabase()
    }

    // MARK: One transaction

    struct AttemptError: Error {
        let cause: StorageError
        /// The COMMIT itself failed. The transaction may be durable nevertheless.
        let isOutcomeUnknown: Bool
    }

    /// Runs jobs of the group in one transaction.
    func attempt(
        _ jobs: [WriteJob], joinedBy late: (_ already: Int) -> [WriteJob] = { _ in [] }, _ group: inout CommitGroup
    ) throws(AttemptError) {
        var attempt = CommitGroup.Attempt(jobs, in: group)
        do throws(StorageError) {
            try begin.run()
            while let job = attempt.next {
                let outcome = attempt.mustWait(job) ? nil : try self.outcome(of: job, &attempt, &group)
                attempt.finish(outcome)
                guard !attempt.hasNext else { continue }
                let joining = late(attempt.jobs.count)
                attempt.join(joining)
                group.join(joining)
            }
        } catch {
            rollBack()
            throw AttemptError(cause: error, isOutcomeUnknown: false)
        }
        do throws(StorageError) {
            try commit(isCharge: attempt.isCharge)
        } catch {
            rollBack()
            // The WAL was deleted but is still open here. Acknowledged writes are copied into the database before
            // everything stops.
            if error.kind == .moved, identity.hasLostLogOnly { _ = try? database.checkpoint(.truncate) }
            // A full disk is noticed while SQLite writes the WAL, before the commit mark. So nothing was committed.
            throw AttemptError(cause: error, isOutcomeUnknown: error.kind != .full && error.kind != .busy)
        }
        group.commit(attempt)
    }

    /// - Parameter isCharge: the transaction may be refused, to keep room for captures and refunds.
    func commit(isCharge: Bool = false) throws(StorageError) {
        try log.prepareCommit(isCharge: isCharge)
        try commitStatement.run()
        log.committed()
        transaction.commit()
        clockChanges.commit()
        try identity.verify()
    }

    func rollBack() {
        transaction.rollBack()
        clockChanges.rollBack()
        // After some errors SQLite has already ended the transaction.
        if database.isInTransaction { try? rollback.run() }
    }

    func refuse(_ count: Int, _ group: inout CommitGroup, _ error: AttemptError) {
        group.refuse(count, error.isOutcomeUnknown ? .outcomeUnknown : RPCError(error.cause))
        group.note(error.cause)
    }
}
