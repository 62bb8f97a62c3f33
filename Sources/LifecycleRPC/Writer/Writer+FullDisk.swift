internal import LifecycleCore

/// How commit groups run on a full disk.
extension Writer {
    func leaveFullDisk() throws(CommitError) {
        do throws(StorageError) {
            try engine.leaveFullDisk()
        } catch {
            throw CommitError(error)
        }
    }

    /// Refuses the jobs that charge or grant, and runs the others.
    func runWithoutCharges(_ group: inout CommitGroup) {
        let jobs = group.refuseCharges()
        // First all in one transaction: this needs the least room, because a commit writes each page once.
        if jobs.count > 1 {
            do throws(CommitError) {
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
                do throws(CommitError) { try attemptTwice(job, &group) } catch { refuse(1, &group, error) }
            }
        }
    }

    private func attemptTwice(_ job: WriteJob, _ group: inout CommitGroup) throws(CommitError) {
        do throws(CommitError) {
            return try attempt([job], &group)
        } catch {
            guard error.cause.kind == .full, try hasRegainedRoom() else { throw error }
        }
        try attempt([job], &group)
    }

    private func hasRegainedRoom() throws(CommitError) -> Bool {
        do throws(StorageError) {
            return try engine.regainRoom()
        } catch {
            throw CommitError(error)
        }
    }
}
