internal import LifecycleCore
internal import LifecycleSQLite

/// Runs commit groups on the one connection that ever writes or checkpoints. Not `Sendable`: the writer thread's own.
final class Writer {
    /// Frames in the WAL from which on it is copied into the database between commits: 16 MiB of 4 KiB pages, enough to
    /// make the copying rare and little enough to start quickly after a crash.
    static let checkpointFrames: Int32 = 4096

    let database: Database
    let transaction: SQLiteWriteTransaction
    let nextDeadline: NextDeadline
    let context: @Sendable (Caller) -> CallContext
    let uptime: Uptime
    /// Since when leases count: see `Sweep.settle`.
    var resumedAt: Timestamp
    var clockWatch: ClockWatch
    /// When this thread was last seen at work, by the monotonic clock, and for how long it may be unseen: see
    /// `noticePause`.
    var lastSeen: Int64
    let patience: Int64
    /// Whether nobody could report at some time since it was asked last, as the event loop stood still.
    let hasLoopPaused: @Sendable (_ uptime: Int64) -> Bool
    /// The clock was set, or may have been while nobody ran: what follows from it, and when that is to be done, by the
    /// monotonic clock.
    var clockChanges = ClockChanges()
    var clockChangesAt: Int64?
    /// Told what storage refused to the daemon itself, which goes on.
    let onError: @Sendable (StorageError) -> Void
    let onClockJump: @Sendable (ClockJump) -> Void
    /// The newest event that somebody was told of.
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

    /// Runs all jobs in one transaction, each in its own savepoint, and commits once.
    /// - Parameter late: asked before the COMMIT, until it has none: the jobs that have come meanwhile.
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

    /// Proves that the thread and the files are alive.
    func check() throws(StorageError) { try identity.verify() }

    /// Empties the WAL, which makes the stop a clean one, and closes.
    /// - Throws: `.moved` when the database that it went into has no name any more.
    func close() throws(StorageError) {
        try log.empty()
        try database.close()
        try identity.verifyDatabase()
    }

    // MARK: One transaction

    struct AttemptError: Error {
        let cause: StorageError
        /// The COMMIT itself failed: it may have become durable all the same.
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
            // Its name is gone, but it is still open here: what was acknowledged is copied before everything stops.
            if error.kind == .moved, identity.hasLostLogOnly { _ = try? database.checkpoint(.truncate) }
            // A full disk is found while the WAL is written, before its commit mark: nothing was committed.
            throw AttemptError(cause: error, isOutcomeUnknown: error.kind != .full && error.kind != .busy)
        }
        group.commit(attempt)
    }

    /// - Parameter isCharge: it may be refused to leave room for what settles projects.
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
        // SQLite has ended the transaction itself after some errors.
        if database.isInTransaction { try? rollback.run() }
    }

    func refuse(_ count: Int, _ group: inout CommitGroup, _ error: AttemptError) {
        group.refuse(count, error.isOutcomeUnknown ? .outcomeUnknown : RPCError(error.cause))
        group.note(error.cause)
    }
}
