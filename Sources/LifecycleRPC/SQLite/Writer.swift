internal import LifecycleCore

/// Runs batches of writes on the one connection that ever writes or checkpoints. Not `Sendable`: the writer thread's own.
final class Writer {
    /// Frames in the WAL from which on it is copied into the database between batches: 16 MiB of 4 KiB pages, enough to
    /// make the copying rare and little enough to start quickly after a crash.
    static let checkpointFrames: Int32 = 4096

    private let database: Database
    private let transaction: SQLiteWriteTransaction
    private let identity: FileIdentity
    private let ballast: Ballast
    private let context: @Sendable (Caller) -> CallContext
    /// New projects and grants are refused, what settles a project goes on, from the space that the ballast gave up.
    private var isDiskFull = false

    private let begin: Statement
    private let commit: Statement
    private let rollback: Statement
    private let savepoint: Statement
    private let release: Statement
    private let rollbackToSavepoint: Statement

    init(
        _ database: Database, identity: FileIdentity, ballast: Ballast,
        context: @escaping @Sendable (Caller) -> CallContext
    ) throws(StorageError) {
        self.database = database
        self.identity = identity
        self.ballast = ballast
        self.context = context
        transaction = try SQLiteWriteTransaction(database)
        begin = try database.prepare("BEGIN IMMEDIATE")
        commit = try database.prepare("COMMIT")
        rollback = try database.prepare("ROLLBACK")
        savepoint = try database.prepare("SAVEPOINT request")
        release = try database.prepare("RELEASE request")
        rollbackToSavepoint = try database.prepare("ROLLBACK TO request")
        isDiskFull = try !ballast.create()
    }

    /// The outcomes in the order of the jobs, and the error after which nothing may be acknowledged any more.
    struct Batch {
        var outcomes: [WriteOutcome]
        var failure: StorageError?
    }

    /// Runs all jobs in one transaction, each in its own savepoint, and commits once.
    func run(_ jobs: [WriteJob]) -> Batch {
        if isDiskFull { leaveFullDisk() }
        if isDiskFull { return runOneByOne(jobs) }
        do {
            return Batch(outcomes: try attempt(jobs))
        } catch  where error.cause.kind == .full {
            isDiskFull = true
            ballast.release()
            return runOneByOne(jobs)
        } catch {
            return batch(of: jobs.count, failedBy: error)
        }
    }

    /// Proves that the thread and the files are alive.
    func check() throws(StorageError) { try identity.verify() }

    /// Copies the WAL into the database when it has grown long. To be called between batches.
    func checkpointIfDue() throws(StorageError) {
        guard database.walFrames >= Self.checkpointFrames else { return }
        do {
            try database.checkpoint(.passive)
        } catch  where !error.isFatal {
            // A full disk or a reader in the way: the WAL is whole, and the next batch tries again.
        }
    }

    /// Empties the WAL, which makes the stop a clean one, and closes.
    func close() throws(StorageError) {
        try database.checkpoint(.truncate)
        try database.close()
    }

    /// Fails what is due, as `Sweep` does, until nothing is.
    /// - Parameter report: told what was done, after each COMMIT.
    func sweep(
        as daemon: Caller, grantsGrace: Bool, report: (WriteOutcome) -> Void
    ) throws(StorageError) {
        var count = Sweep.batch
        while count == Sweep.batch {
            let context = context(daemon)
            transaction.steps.removeAll()
            try begin.run()
            do throws(RPCError) {
                count = try Sweep.run(in: transaction, context, grantsGrace: grantsGrace)
                try transaction.reporting { () throws(StorageError) in try commit.run() }
            } catch {
                rollBack()
                throw transaction.failure ?? StorageError(.misuse, error.message)
            }
            report(WriteOutcome(.success { $0.null() }, steps: transaction.steps))
        }
    }

    // MARK: One transaction

    private struct AttemptError: Error {
        let cause: StorageError
        /// The COMMIT itself failed: it may have become durable all the same.
        let isOutcomeUnknown: Bool
    }

    private func attempt(_ jobs: [WriteJob]) throws(AttemptError) -> [WriteOutcome] {
        var outcomes: [WriteOutcome] = []
        outcomes.reserveCapacity(jobs.count)
        do throws(StorageError) {
            try begin.run()
            for job in jobs { outcomes.append(try runInSavepoint(job)) }
        } catch {
            rollBack()
            throw AttemptError(cause: error, isOutcomeUnknown: false)
        }
        do throws(StorageError) {
            try commit.run()
            try identity.verify()
        } catch {
            rollBack()
            // A full disk is found while the WAL is written, before its commit mark: nothing was committed.
            throw AttemptError(cause: error, isOutcomeUnknown: error.kind != .full && error.kind != .busy)
        }
        return outcomes
    }

    private func runInSavepoint(_ job: WriteJob) throws(StorageError) -> WriteOutcome {
        try savepoint.run()
        transaction.steps.removeAll(keepingCapacity: true)
        transaction.failure = nil
        do throws(RPCError) {
            let reply = try job.run(transaction, context(job.caller))
            try release.run(reportingTo: transaction)
            return WriteOutcome(.success(reply), steps: transaction.steps)
        } catch {
            // A refused change is this request's own; anything else from storage ends the whole batch.
            if let failure = transaction.failure, failure.kind != .constraint { throw failure }
            if !error.keepsWrites { try rollbackToSavepoint.run() }
            try release.run()
            return WriteOutcome(.failure(error), steps: error.keepsWrites ? transaction.steps : [])
        }
    }

    private func rollBack() {
        // SQLite has ended the transaction itself after some errors.
        if database.isInTransaction { try? rollback.run() }
    }

    private func batch(of count: Int, failedBy error: AttemptError) -> Batch {
        let answer: RPCError = error.isOutcomeUnknown ? .outcomeUnknown : RPCError(error.cause)
        return Batch(
            outcomes: Array(repeating: WriteOutcome(.failure(answer)), count: count),
            failure: error.cause.isFatal ? error.cause : nil)
    }

    // MARK: Full disk

    /// The smallest transactions, so that each fits if anything does.
    private func runOneByOne(_ jobs: [WriteJob]) -> Batch {
        var result = Batch(outcomes: [])
        for job in jobs {
            guard job.worksOnFullDisk, result.failure == nil else {
                result.outcomes.append(
                    WriteOutcome(.failure(result.failure.map(RPCError.init) ?? .storageFull)))
                continue
            }
            do throws(AttemptError) {
                result.outcomes += try attempt([job])
            } catch {
                let one = batch(of: 1, failedBy: error)
                result.outcomes += one.outcomes
                result.failure = one.failure
            }
        }
        return result
    }

    /// Space is back when the ballast can be set aside again.
    private func leaveFullDisk() {
        _ = try? database.checkpoint(.passive)
        if (try? ballast.create()) == true { isDiskFull = false }
    }
}

extension Statement {
    fileprivate func run(reportingTo transaction: SQLiteReadTransaction) throws(RPCError) {
        try transaction.reporting { () throws(StorageError) in try run() }
    }
}
