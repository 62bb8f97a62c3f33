internal import LifecycleCore
internal import LifecycleSQLite

/// What is done on a full disk, and what is not.
extension Writer {
    func leaveFullDisk() throws(AttemptError) {
        do throws(StorageError) {
            try log.leaveFullDisk()
        } catch {
            throw AttemptError(cause: error, isOutcomeUnknown: false)
        }
    }

    /// Refuses what charges, and does the rest.
    func runWithoutCharges(_ batch: inout Batch) {
        let charges = batch.jobs.filter { !$0.worksOnFullDisk }
        let others = batch.jobs.filter(\.worksOnFullDisk)
        batch.jobs = charges + others
        batch.outcomes = Array(repeating: WriteOutcome(.failure(.storageFull)), count: charges.count)
        // Together they take the least room, as a commit writes each page once.
        if others.count > 1 {
            do throws(AttemptError) {
                return try attempt(others, &batch)
            } catch  where error.cause.kind == .full {
                // One by one, then, so that each fits if anything does.
            } catch {
                return refuse(others.count, &batch, error)
            }
        }
        for job in others {
            if let failure = batch.failure {
                batch.outcomes.append(WriteOutcome(.failure(RPCError(failure))))
            } else {
                do throws(AttemptError) { try attemptTwice(job, &batch) } catch { refuse(1, &batch, error) }
            }
        }
    }

    private func attemptTwice(_ job: WriteJob, _ batch: inout Batch) throws(AttemptError) {
        do throws(AttemptError) {
            return try attempt([job], &batch)
        } catch {
            guard error.cause.kind == .full, try hasRegainedRoom() else { throw error }
        }
        try attempt([job], &batch)
    }

    private func hasRegainedRoom() throws(AttemptError) -> Bool {
        do throws(StorageError) {
            return try log.regainRoom()
        } catch {
            throw AttemptError(cause: error, isOutcomeUnknown: false)
        }
    }
}
