internal import LifecycleCore
internal import LifecycleSQLite

/// One job in the transaction that is open.
extension Writer {
    /// - Parameter room: how many more projects that are due may be settled in this transaction.
    /// - Returns: nil: there was too little.
    func outcome(
        of job: WriteJob, _ batch: inout Batch, _ room: inout Int
    ) throws(StorageError) -> WriteOutcome? {
        let context = context(job.caller)
        while true {
            if let outcome = try runInSavepoint(job, context, &batch) { return outcome }
            // The clocks come first: what was touched past its deadline is settled, then the job runs again.
            let due = transaction.due
            if room > 0 {
                let (steps, count) = try settle(due, at: context.now, limit: room)
                batch.settled += steps
                room -= count
            }
            guard room > 0 else {
                batch.due.formUnion(due)
                return nil
            }
        }
    }

    /// - Returns: nil: the job touched what is due, and nothing was done.
    private func runInSavepoint(
        _ job: WriteJob, _ context: CallContext, _ batch: inout Batch
    ) throws(StorageError) -> WriteOutcome? {
        try savepoint.run()
        transaction.begin(at: context.now)
        let mark = transaction.mark
        do throws(RPCError) {
            let reply = try job.run(transaction, context)
            if transaction.due.isEmpty {
                try transaction.reporting { () throws(StorageError) in try release.run() }
                return WriteOutcome(.success(reply), steps: transaction.steps, effects: transaction.effects)
            }
        } catch {
            if let failure = transaction.failure {
                // A refused change is this request's own; anything else from storage ends the whole batch.
                guard failure.kind == .constraint else { throw failure }
                batch.errors.append(failure)
            }
            if transaction.due.isEmpty {
                if !error.keepsWrites { try rollBackToSavepoint(mark) }
                try release.run()
                return WriteOutcome(.failure(error), steps: error.keepsWrites ? transaction.steps : [])
            }
        }
        try rollBackToSavepoint(mark)
        try release.run()
        return nil
    }

    func rollBackToSavepoint(_ mark: SQLiteWriteTransaction.Mark) throws(StorageError) {
        try rollbackToSavepoint.run()
        transaction.rollBack(to: mark)
    }
}
