internal import LifecycleCore

/// How one job runs in the open transaction.
extension Writer {
    /// - Returns: `nil` if the job met due projects. Its changes are undone then. These projects have to be expired
    ///   first, in a transaction of their own.
    func run(_ job: WriteJob, _ group: inout CommitGroup) throws(StorageError) -> WriteOutcome? {
        let context = context(job.caller)
        try engine.savepoint()
        transaction.begin(at: context.now)
        do throws(RPCError) {
            let reply = try job.run(transaction, context)
            if !transaction.hasMetDue {
                try transaction.reporting(engine.release)
                return WriteOutcome(.success(reply), steps: transaction.steps, effects: transaction.effects)
            }
        } catch {
            if let failure = transaction.failure {
                // A change that breaks a constraint fails this job only. Any other storage error ends the whole group.
                guard failure.kind == .constraint else { throw failure }
                group.note(failure)
            }
            if !transaction.hasMetDue {
                if !error.keepsWrites { try engine.rollBackToSavepoint() }
                try engine.release()
                return WriteOutcome(.failure(error), steps: error.keepsWrites ? transaction.steps : [])
            }
        }
        try engine.rollBackToSavepoint()
        try engine.release()
        return nil
    }
}
