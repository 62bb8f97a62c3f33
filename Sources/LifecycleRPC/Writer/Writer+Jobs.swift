internal import LifecycleCore

/// How one job runs in the open transaction.
extension Writer {
    /// - Returns: `nil` if the job met more due projects than may be expired in this transaction.
    func outcome(
        of job: WriteJob, _ attempt: inout CommitGroup.Attempt, _ group: inout CommitGroup
    ) throws(StorageError) -> WriteOutcome? {
        let context = context(job.caller)
        while true {
            if let outcome = try runInSavepoint(job, context, &group) { return outcome }
            // Expiry comes first: the due projects that the job met are expired, then the job runs again.
            let due = transaction.due
            if attempt.room > 0 {
                let (events, count) = try expire(due, at: context.now, limit: attempt.room)
                attempt.noteExpiry(events, count: count)
            }
            guard attempt.room > 0 else {
                attempt.postpone(until: due)
                return nil
            }
        }
    }

    /// - Returns: `nil` if the job met due projects. Its changes are undone then.
    private func runInSavepoint(
        _ job: WriteJob, _ context: CallContext, _ group: inout CommitGroup
    ) throws(StorageError) -> WriteOutcome? {
        try engine.savepoint()
        transaction.begin(at: context.now)
        do throws(RPCError) {
            let reply = try job.run(transaction, context)
            if transaction.due.isEmpty {
                try reporting(engine.release)
                return WriteOutcome(.success(reply), steps: transaction.steps, effects: transaction.effects)
            }
        } catch {
            if let failure = transaction.failure {
                // A change that breaks a constraint fails this job only. Any other storage error ends the whole group.
                guard failure.kind == .constraint else { throw failure }
                group.note(failure)
            }
            if transaction.due.isEmpty {
                if !error.keepsWrites { try engine.rollBackToSavepoint() }
                try engine.release()
                return WriteOutcome(.failure(error), steps: error.keepsWrites ? transaction.steps : [])
            }
        }
        try engine.rollBackToSavepoint()
        try engine.release()
        return nil
    }

    /// Turns a storage error into the error for the caller, and keeps it in the transaction's `failure`.
    func reporting(_ body: () throws(StorageError) -> Void) throws(RPCError) {
        do throws(StorageError) {
            try body()
        } catch {
            transaction.failure = error
            throw RPCError(error)
        }
    }
}
