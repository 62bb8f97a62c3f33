internal import LifecycleCore

/// Runs batches of writes on the one connection that ever writes or checkpoints. Not `Sendable`: the writer thread's own.
final class Writer {
    /// Frames in the WAL from which on it is copied into the database between batches: 16 MiB of 4 KiB pages, enough to
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
    /// When this thread was last seen at work, by the monotonic clock, and for how long it may be unseen: see `noticePause`.
    var lastSeen: Int64
    let patience: Int64
    /// Whether nobody could report at some time since it was asked last, as the event loop stood still.
    let hasLoopPaused: @Sendable (_ uptime: Int64) -> Bool
    /// The clock went back, and deadlines lie too far in the future since: when to shorten them, by the monotonic clock.
    var shortensAt: Int64?
    /// Told what storage refused to the daemon itself, which goes on.
    let onError: @Sendable (StorageError) -> Void
    /// The newest event that somebody was told of.
    var reportedEvent: Int64 = 0
    private let identity: FileIdentity
    let ballast: Ballast
    /// New projects and grants are refused, what settles a project goes on, from the space that the ballast gave up.
    private var isDiskFull = false
    /// A reader that holds on to its snapshot, such as a backup, makes checkpoints partial: the next one is tried when as
    /// many frames more have gathered or a second has passed, and not after every commit, as each looks at the whole WAL.
    private var nextCheckpoint = checkpointFrames
    private var lastCheckpoint: Int64 = 0

    let begin: Statement
    private let commitStatement: Statement
    private let rollback: Statement
    let savepoint: Statement
    let release: Statement
    let rollbackToSavepoint: Statement

    init(
        _ database: Database, identity: FileIdentity, ballast: Ballast,
        nextDeadline: NextDeadline, context: @escaping @Sendable (Caller) -> CallContext, uptime: @escaping Uptime,
        patience: Int64, hasLoopPaused: @escaping @Sendable (_ uptime: Int64) -> Bool = { _ in false },
        onError: @escaping @Sendable (StorageError) -> Void
    ) throws(StorageError) {
        self.database = database
        self.identity = identity
        self.ballast = ballast
        self.nextDeadline = nextDeadline
        self.context = context
        self.uptime = uptime
        resumedAt = context(.daemon).now
        lastSeen = uptime()
        clockWatch = ClockWatch(wall: resumedAt, uptime: lastSeen)
        self.patience = patience
        self.hasLoopPaused = hasLoopPaused
        self.onError = onError
        transaction = try SQLiteWriteTransaction(database, nextDeadline)
        begin = try database.prepare("BEGIN IMMEDIATE")
        commitStatement = try database.prepare("COMMIT")
        rollback = try database.prepare("ROLLBACK")
        savepoint = try database.prepare("SAVEPOINT request")
        release = try database.prepare("RELEASE request")
        rollbackToSavepoint = try database.prepare("ROLLBACK TO request")
        isDiskFull = try !ballast.create()
    }

    /// The jobs, their outcomes in the same order, and what storage said.
    struct Batch {
        var jobs: [WriteJob]
        /// nil: nothing was done yet, as the job touched more that is due than fits into the transaction.
        var outcomes: [WriteOutcome?] = []
        /// What those have touched.
        var due = Due()
        /// Whose those are: what one connection asks for is done in its order.
        var waiting: Set<ObjectIdentifier> = []
        /// What the daemon's clocks did on the way.
        var settled: [NewEvent] = []
        var errors: [StorageError] = []

        /// After this one nothing may be acknowledged any more.
        var failure: StorageError? { errors.first(where: \.isFatal) }
    }

    /// Runs all jobs in one transaction, each in its own savepoint, and commits once.
    /// - Parameter late: asked before the COMMIT, until it has none: the jobs that have come meanwhile.
    func run(_ jobs: [WriteJob], joinedBy late: (_ already: Int) -> [WriteJob]) -> Batch {
        var batch = Batch(jobs: jobs)
        do throws(AttemptError) {
            if isDiskFull { try leaveFullDisk() }
            if !isDiskFull {
                try attempt(jobs, joinedBy: late, &batch)
                return batch
            }
        } catch  where error.cause.kind == .full {
            enterFullDisk()
            batch.errors.append(error.cause)
        } catch {
            refuse(batch.jobs.count, &batch, error)
            return batch
        }
        runOneByOne(&batch)
        return batch
    }

    /// Proves that the thread and the files are alive.
    func check() throws(StorageError) { try identity.verify() }

    /// The last checkpoint was partial: whoever stood in its way may have gone.
    var awaitsCheckpoint: Bool { database.walFrames >= Self.checkpointFrames }

    /// Copies the WAL into the database when it has grown long. To be called between batches.
    func checkpointIfDue() throws(StorageError) {
        guard awaitsCheckpoint else { return }
        if database.walFrames >= nextCheckpoint || uptime() &- lastCheckpoint >= 1000 { try checkpoint() }
    }

    private func checkpoint() throws(StorageError) {
        do {
            try database.checkpoint(.passive)
        } catch  where !error.isFatal {
            // A full disk or a reader in the way: the WAL is whole, and a later one goes on.
        }
        lastCheckpoint = uptime()
        nextCheckpoint = database.walFrames.addingReportingOverflow(Self.checkpointFrames).partialValue
    }

    /// Empties the WAL, which makes the stop a clean one, and closes.
    /// - Throws: `.moved` when the database that it went into has no name any more.
    func close() throws(StorageError) {
        try database.checkpoint(.truncate)
        try database.close()
        try identity.verifyDatabase()
    }

    // MARK: One transaction

    private struct AttemptError: Error {
        let cause: StorageError
        /// The COMMIT itself failed: it may have become durable all the same.
        let isOutcomeUnknown: Bool
    }

    private func attempt(
        _ first: [WriteJob], joinedBy late: (_ already: Int) -> [WriteJob] = { _ in [] }, _ batch: inout Batch
    ) throws(AttemptError) {
        var jobs = first
        var outcomes: [WriteOutcome?] = []
        outcomes.reserveCapacity(jobs.count)
        let before = (settled: batch.settled.count, due: batch.due, waiting: batch.waiting)
        var room = Sweep.batch
        do throws(StorageError) {
            try begin.run()
            while outcomes.count < jobs.count {
                let job = jobs[outcomes.count]
                var outcome: WriteOutcome?
                if batch.waiting.isEmpty || !(job.source.map(batch.waiting.contains) ?? false) {
                    outcome = try self.outcome(of: job, &batch, &room)
                }
                if outcome == nil, let source = job.source { batch.waiting.insert(source) }
                outcomes.append(outcome)
                guard outcomes.count == jobs.count else { continue }
                let joining = late(jobs.count)
                jobs += joining
                batch.jobs += joining
            }
        } catch {
            rollBack()
            batch.settled.removeSubrange(before.settled...)
            batch.due = before.due
            batch.waiting = before.waiting
            throw AttemptError(cause: error, isOutcomeUnknown: false)
        }
        do throws(StorageError) {
            try commit()
        } catch {
            rollBack()
            batch.settled.removeSubrange(before.settled...)
            batch.due = before.due
            batch.waiting = before.waiting
            // Its name is gone, but it is still open here: what was acknowledged is copied before everything stops.
            if error.kind == .moved, identity.hasLostLogOnly { _ = try? database.checkpoint(.truncate) }
            // A full disk is found while the WAL is written, before its commit mark: nothing was committed.
            throw AttemptError(cause: error, isOutcomeUnknown: error.kind != .full && error.kind != .busy)
        }
        batch.outcomes += outcomes
    }

    func commit() throws(StorageError) {
        try commitStatement.run()
        transaction.commit()
        try identity.verify()
    }

    func rollBack() {
        transaction.rollBack()
        // SQLite has ended the transaction itself after some errors.
        if database.isInTransaction { try? rollback.run() }
    }

    private func refuse(_ count: Int, _ batch: inout Batch, _ error: AttemptError) {
        let answer: RPCError = error.isOutcomeUnknown ? .outcomeUnknown : RPCError(error.cause)
        batch.outcomes += Array(repeating: WriteOutcome(.failure(answer)), count: count)
        batch.errors.append(error.cause)
    }

    // MARK: Full disk

    func enterFullDisk() {
        isDiskFull = true
        ballast.release()
    }

    /// Space is back when the ballast can be set aside again.
    private func leaveFullDisk() throws(AttemptError) {
        do throws(StorageError) {
            try checkpoint()
            isDiskFull = try !ballast.create()
        } catch {
            throw AttemptError(cause: error, isOutcomeUnknown: false)
        }
    }

    /// The smallest transactions, so that each fits if anything does.
    private func runOneByOne(_ batch: inout Batch) {
        for job in batch.jobs {
            if let failure = batch.failure {
                batch.outcomes.append(WriteOutcome(.failure(RPCError(failure))))
            } else if !job.worksOnFullDisk {
                batch.outcomes.append(WriteOutcome(.failure(.storageFull)))
            } else {
                do throws(AttemptError) { try attempt([job], &batch) } catch { refuse(1, &batch, error) }
            }
        }
    }
}
