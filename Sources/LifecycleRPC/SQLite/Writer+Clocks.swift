internal import LifecycleCore

/// What the daemon's clocks do, as the daemon itself.
extension Writer {
    /// Settles all that is due, until nothing is or the disk has no room for more. For the start.
    func sweep(_ report: (WriteOutcome) -> Void) throws(StorageError) {
        let now = context(.daemon).now
        // The clock went back while nobody ran.
        if let last = try transaction.newestEventTime(), last > now { try shortenDeadlines(now) }
        let everything = Due(isEverything: true)
        while true {
            let (steps, isDone) = try settle(everything)
            report(WriteOutcome(.success { $0.null() }, steps: steps))
            if isDone { return }
        }
    }

    /// Settles what is due, at most `Sweep.batch` projects, in a transaction of its own.
    /// - Returns: what was done, and whether all is settled. On a full disk what does not fit has to wait: done, too.
    func settle(_ due: Due) throws(StorageError) -> (steps: [NewEvent], isDone: Bool) {
        do {
            return try settleOnce(due, limit: Sweep.batch)
        } catch  where error.kind == .full {
            guard ballast.isHeld else { return try giveUp() }
            enterFullDisk()
        }
        do {
            return try settleOnce(due, limit: 1)  // The smallest transactions, so that each fits if anything does.
        } catch  where error.kind == .full {
            return try giveUp()
        }
    }

    /// Not one refund fits: tried again after a pause.
    private func giveUp() throws(StorageError) -> (steps: [NewEvent], isDone: Bool) {
        nextDeadline.time = context(.daemon).now.adding(seconds: 1)
        return ([], true)
    }

    private func settleOnce(_ due: Due, limit: Int) throws(StorageError) -> (steps: [NewEvent], isDone: Bool) {
        do throws(StorageError) {
            try begin.run()
            let (steps, isDone) = try settle(due, at: context(.daemon).now, limit: limit)
            try commit()
            if isDone, due.isEverything { try findNextDeadline() }
            return (steps, isDone)
        } catch {
            rollBack()
            throw error
        }
    }

    /// Settles all that a job touched, in the transaction that is open.
    func settleInTransaction(_ due: Due, at now: Timestamp) throws(StorageError) -> [NewEvent] {
        var all: [NewEvent] = []
        while true {
            let (steps, isDone) = try settle(due, at: now, limit: Sweep.batch)
            all += steps
            if isDone { return all }
        }
    }

    private func settle(
        _ due: Due, at now: Timestamp, limit: Int
    ) throws(StorageError) -> (steps: [NewEvent], isDone: Bool) {
        let known = context(.daemon)
        let context = CallContext(now: now, caller: known.caller, limits: known.limits, metrics: known.metrics)
        transaction.begin(at: now)
        // What is due on disk may have shown life since.
        try transaction.writeBeats()
        do throws(RPCError) {
            var stored: [StoredProject] = []
            for id in due.projects {
                if let project = try transaction.project(.projectID(id)) { stored.append(project) }
            }
            for user in due.users where stored.count < limit {
                stored += try transaction.dueProjects(ofUser: user, at: context.now, limit: limit)
            }
            if due.isEverything { stored += try transaction.dueProjects(at: context.now, limit: limit) }
            for project in stored where project.project.deadline.map({ $0 <= context.now }) ?? false {
                try Sweep.settle(project, in: transaction, context, resumedAt: resumedAt)
            }
            return (transaction.steps, stored.count < limit)
        } catch {
            throw transaction.failure ?? StorageError(.misuse, error.message)
        }
    }

    /// Writes the signs of life that wait.
    func writeBeats() throws(StorageError) {
        guard !transaction.beats.isEmpty else { return }
        do throws(StorageError) {
            try begin.run()
            try transaction.writeBeats()
            try commit()
        } catch {
            rollBack()
            // They wait until there is room; leases count by what is remembered here.
            if error.kind != .full { throw error }
        }
    }

    var isSomethingDue: Bool { nextDeadline.time <= context(.daemon).now }

    /// The newest event, when it is newer than at the last call.
    func newEvent() -> Int64? {
        guard transaction.newestEvent > reportedEvent else { return nil }
        reportedEvent = transaction.newestEvent
        return reportedEvent
    }

    private func findNextDeadline() throws(StorageError) {
        nextDeadline.time = try transaction.earliestDeadline() ?? Timestamp(milliseconds: .max)
    }

    /// Looks whether the clock was set or the machine slept: nobody is refunded early because *we* slept.
    func watchClock() throws(StorageError) {
        let now = context(.daemon).now
        switch clockWatch.jump(wall: now, uptime: uptime()) {
        case nil: return
        case .forwards: resumedAt = now
        case .backwards:
            resumedAt = now
            try shortenDeadlines(now)
        }
    }

    /// After the clock went back, deadlines lie too far in the future by as much: no project waits longer than its terms
    /// say from now on.
    private func shortenDeadlines(_ now: Timestamp) throws(StorageError) {
        var latest: StoredProject?
        while true {
            do throws(StorageError) {
                try begin.run()
                transaction.begin(at: now)
                let projects = try transaction.unfinishedProjects(below: latest, limit: Sweep.batch)
                do throws(RPCError) {
                    for stored in projects {
                        let deadline = stored.terms.deadline(
                            stored.project.status, createdAt: min(stored.project.createdAt, now), lastReport: now,
                            limits: context(.daemon).limits)
                        guard let deadline, let known = stored.project.deadline, deadline < known else { continue }
                        if stored.isDetached {
                            try transaction.detach(stored, deadline: deadline, at: now)
                        } else {
                            try transaction.renew(stored, deadline: deadline, at: now)
                        }
                    }
                } catch {
                    throw transaction.failure ?? StorageError(.misuse, error.message)
                }
                try commit()
                guard let last = projects.last, projects.count == Sweep.batch else { return }
                latest = last
            } catch {
                rollBack()
                throw error
            }
        }
    }
}
