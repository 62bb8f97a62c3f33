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
            let (steps, count) = try settle(due, at: context(.daemon).now, limit: limit)
            try commit()
            if count < limit, due.isEverything { try findNextDeadline() }
            return (steps, count < limit)
        } catch {
            rollBack()
            throw error
        }
    }

    /// Settles what is due in the transaction that is open.
    /// - Returns: what was done, and how many were due; fewer than `limit`: those were all.
    func settle(
        _ due: Due, at now: Timestamp, limit: Int
    ) throws(StorageError) -> (steps: [NewEvent], count: Int) {
        let known = context(.daemon)
        let context = CallContext(now: now, caller: known.caller, limits: known.limits, metrics: known.metrics)
        // The machine may have slept, and we may have stood still, since the transaction began.
        compareClocks()
        noticePause()
        transaction.begin(at: now)
        // What is due on disk may have shown life since.
        try transaction.writeBeats()
        do throws(RPCError) {
            var settled = 0
            // One after the other, as one project may be named twice.
            for id in due.projects where settled < limit {
                guard let stored = try transaction.project(.projectID(id)), let deadline = stored.project.deadline,
                    deadline <= now
                else { continue }
                try Sweep.settle(stored, in: transaction, context, resumedAt: resumedAt)
                settled += 1
            }
            for user in due.users.map(Optional.some) + (due.isEverything ? [nil] : []) where settled < limit {
                for stored in try transaction.dueProjects(ofUser: user, at: now, limit: limit - settled) {
                    try Sweep.settle(stored, in: transaction, context, resumedAt: resumedAt)
                    settled += 1
                }
            }
            return (transaction.steps, settled)
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

    /// The thread has waited for work, which may take long, and goes on.
    /// - Parameters:
    ///   - now: the uptime as soon as it did.
    ///   - isLate: the process stood still meanwhile, which no clock shows.
    func wakeUp(at now: Int64, isLate: Bool) {
        if isLate { resumedAt = context(.daemon).now }
        lastSeen = now
    }

    /// Looks whether the thread stood still in the middle of its work, paused or in front of a slow disk, so that nobody
    /// could report. To be asked before something due is settled, and before the thread waits again.
    func noticePause() {
        let now = uptime()
        if now &- lastSeen > patience { resumedAt = context(.daemon).now }
        lastSeen = now
    }

    /// Looks whether the clock was set or the machine slept: nobody is refunded early because *we* slept.
    func watchClock() throws(StorageError) {
        compareClocks()
        guard hasGoneBack else { return }
        try shortenDeadlines(context(.daemon).now)
        hasGoneBack = false
    }

    private func compareClocks() {
        while true {
            let before = uptime()
            let now = context(.daemon).now
            let after = uptime()
            // Who was stopped in between has read two moments, which say nothing about each other.
            guard after &- before < ClockWatch.tolerance / 2 else { continue }
            guard let jump = clockWatch.jump(wall: now, uptime: after) else { return }
            resumedAt = now
            if jump == .backwards { hasGoneBack = true }
            return
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
                try transaction.writeBeats()
                let projects = try transaction.unfinishedProjects(below: latest, limit: Sweep.batch)
                do throws(RPCError) {
                    for stored in projects {
                        try shortenDeadline(of: stored, now)
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

    private func shortenDeadline(of stored: StoredProject, _ now: Timestamp) throws(RPCError) {
        let limits = context(.daemon).limits
        let createdAt = min(stored.project.createdAt, now)
        let deadline = stored.terms.deadline(
            stored.project.status, createdAt: createdAt, lastReport: now, limits: limits)
        guard let deadline, let known = stored.project.deadline else { return }
        if stored.isDetached {
            let end = min(deadline, stored.terms.detachEnd(createdAt: createdAt, detachedAt: now, limits: limits))
            if end < known { try transaction.detach(stored, deadline: end, at: now) }
        } else if deadline < known {
            try transaction.renew(stored, deadline: deadline, at: now)
        }
    }
}
