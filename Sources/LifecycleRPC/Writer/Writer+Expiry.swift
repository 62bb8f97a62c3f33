internal import LifecycleCore

/// What the writer does as time passes: it expires due projects and writes heartbeats.
extension Writer {
    /// Expires all due projects, until none is left or the disk has no room for more. Used at the start.
    func expireAll(_ report: ([NewEvent]) -> Void) throws(StorageError) {
        let now = context(.daemon).now
        clockChanges.isStarting = true
        clockChanges.mayBeSetBack = try transaction.mayBeSetBack()
        // The clock went back while no daemon ran.
        if let last = try transaction.newestEventTime(), last > now {
            clockChanges.isBack = true
            onClockJump(ClockJump(milliseconds: now.milliseconds(since: last)))
        }
        clockChangesAt = uptime()
        try watchClock()
        let everything = Due(isEverything: true)
        while true {
            let (events, isDone) = try expire(everything)
            try makeDurable()
            report(events)
            if isDone { return }
        }
    }

    /// Expires these projects, at most `Sweep.batch`, in their own transaction.
    /// - Returns: the events, and whether all of the projects are expired. This is also true if a full disk or a
    ///   foreign lock refuses the transaction, because an immediate second try would fail as well.
    func expire(_ due: Due) throws(StorageError) -> (events: [NewEvent], isDone: Bool) {
        do throws(StorageError) {
            return try makingRoom { isShort throws(StorageError) in
                // If there is little room, the transactions are as small as possible, so that each one fits if any can.
                try expireOnce(due, limit: isShort ? 1 : Sweep.batch)
            }
        } catch  where error.isPassing {
            onError(error)
            transaction.nextDeadline.time = context(.daemon).now.adding(seconds: 1)  // Until then nobody asks for it.
            return ([], true)
        }
    }

    /// Runs `body`. On a full disk it is run a second time, in the room that a checkpoint or the reserve file gives
    /// back.
    func makingRoom<Value>(
        _ body: (_ isShort: Bool) throws(StorageError) -> Value
    ) throws(StorageError) -> Value {
        do throws(StorageError) {
            return try body(false)
        } catch  where error.kind == .full {
            guard try engine.regainRoom() else { throw error }
            return try body(true)
        }
    }

    private func expireOnce(_ due: Due, limit: Int) throws(StorageError) -> (events: [NewEvent], isDone: Bool) {
        let (events, count) = try inOwnTransaction { () throws(StorageError) in
            try expire(due, at: context(.daemon).now, limit: limit)
        }
        if count < limit, due.isEverything { try findNextDeadline() }
        return (events, count < limit)
    }

    /// Runs `body` in a transaction of the daemon's own work.
    func inOwnTransaction<Value>(_ body: () throws(StorageError) -> Value) throws(StorageError) -> Value {
        do throws(CommitError) {
            return try inTransaction(body)
        } catch {
            throw error.cause
        }
    }

    /// Expires these projects in the open transaction.
    /// - Returns: the events, and how many projects were due. If they are fewer than `limit`, they were all.
    func expire(
        _ due: Due, at now: Timestamp, limit: Int
    ) throws(StorageError) -> (events: [NewEvent], count: Int) {
        let known = context(.daemon)
        let context = CallContext(now: now, caller: known.caller, limits: known.limits, metrics: known.metrics)
        // The machine may have slept, or this thread may have stood still, since the transaction began.
        compareClocks()
        noticePause()
        transaction.begin(at: now)
        // A project that is due on disk may have a waiting heartbeat.
        try transaction.writeBeats()
        try putForward(context.limits)
        do throws(RPCError) {
            var count = 0
            // Each project is read again, because an id may be listed twice.
            for id in due.projects where count < limit {
                guard let stored = try transaction.project(.projectID(id)), let deadline = stored.project.deadline,
                    deadline <= now
                else { continue }
                try expire(stored, context)
                count += 1
            }
            for user in due.users.map(Optional.some) + (due.isEverything ? [nil] : []) where count < limit {
                for stored in try transaction.dueProjects(ofUser: user, at: now, limit: limit - count) {
                    try expire(stored, context)
                    count += 1
                }
            }
            return (transaction.steps, count)
        } catch {
            throw transaction.failure ?? StorageError(.misuse, error.message)
        }
    }

    /// Expires one project. If the schema refuses the refund because someone edited the account by hand, the expiry is
    /// tried again later, so that other projects are not blocked.
    private func expire(_ stored: StoredProject, _ context: CallContext) throws(RPCError) {
        try reporting(engine.savepoint)
        do throws(RPCError) {
            try Sweep.settle(stored, in: transaction, context, resumedAt: resumedAt)
        } catch {
            guard let failure = transaction.failure, failure.kind == .constraint else { throw error }
            transaction.failure = nil
            try reporting(engine.rollBackToSavepoint)
            onError(
                StorageError(
                    .constraint, code: failure.code,
                    "project \(stored.project.projectId) is due and cannot be refunded (\(failure.message)): see "
                        + "`lifecyclectl audit`; it is tried again in \(Self.repairTime) seconds"))
            try Sweep.postpone(
                stored, to: context.now.adding(seconds: Self.repairTime), in: transaction, at: context.now)
        }
        try reporting(engine.release)
    }

    /// In seconds. How long an expiry that the schema refuses is put off.
    private static let repairTime: Int64 = 600

    /// Writes the waiting heartbeats to disk.
    func writeBeats() throws(StorageError) {
        guard transaction.hasWaitingBeats else { return }
        do throws(StorageError) {
            try inOwnTransaction(transaction.writeBeats)
        } catch {
            // The heartbeats wait in memory until there is room. Leases already count from them.
            guard error.isPassing else { throw error }
            if error.kind == .busy { onError(error) }
        }
    }

    var isSomethingDue: Bool { transaction.nextDeadline.time <= context(.daemon).now }

    /// The number of the newest event; `nil` if it is the same as at the last call.
    func newEvent() -> Int64? {
        guard transaction.newestEvent > reportedEvent else { return nil }
        reportedEvent = transaction.newestEvent
        return reportedEvent
    }

    private func findNextDeadline() throws(StorageError) {
        transaction.nextDeadline.time = try transaction.earliestDeadline() ?? Timestamp(milliseconds: .max)
    }
}
