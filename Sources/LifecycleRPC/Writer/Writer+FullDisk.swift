internal import LifecycleCore
internal import LifecycleSQLite

/// How commit groups run on a full disk.
extension Writer {
    func leaveFullDisk() throws(AttemptError) {
        do throws(StorageError) {
            try log.leaveFullDisk()
        } catch {
            throw AttemptError(cause: error, isOutcomeUnknown: false)
        }
    }

    /// Refuses the jobs that charge or grant, and runs the others.
    func runWithoutCharges(_ group: inout CommitGroup) {
        let jobs = group.refuseCharges()
        // First all in one transaction: this needs the least room, because a commit writes each page once.
        if jobs.count > 1 {
            do throws(AttemptError) {
                return try attempt(jobs, &group)
            } catch  where error.cause.kind == .full {
                // Then one by one, so that each job fits if any can.
            } catch {
                return refuse(jobs.count, &group, error)
            }
        }
        for job in jobs {
            if let failure = group.failure {
                group.refuse(1, RPCError(failure))
            } else {
                do throws(AttemptError) { try attemptTwice(job, &group) } catch { refuse(1, &group, error) }
            }
        }
    }

    private func attemptTwice(_ job: WriteJob, _ group: inout CommitGroup) throws(AttemptError) {
        do throws(AttemptError) {
            return try attempt([job], &group)
        } catch {
            guard error.cause.kind == .full, try hasRegainedRoom() else { throw error }
        }
        try attempt([job], &group)
    }

    private func hasRegainedRoom() throws(AttemptError) -> Bool {
        do throws(StorageError) {
            return try log.regainRoom()
        } catch {
            throw AttemptError(cause: error, isOutcomeUnknown: false)
        }
    }
}
