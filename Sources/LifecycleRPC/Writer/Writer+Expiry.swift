internal import LifecycleCore

/// What the writer does as time passes: it expires due projects and writes heartbeats.
extension Writer {
    /// Expires all due projects, until none is left or the disk has no room for more. Used at the start.
    func expireAll(_ report: ([NewEvent]) -> Void) throws(StorageError) {
        let now = context(.daemon).now
        clockChanges.isStarting = true
        clockChanges.mayBeSetBack = try engine.transaction.mayBeSetBack()
        // The clock went back while no daemon ran.
        let newest = try engine.transaction.events(
            EventFilter(), after: engine.transaction.newestEvent &- 1, limit: 1)
        if let last = newest.first?.at, last > now {
            clockChanges.isBack = true
            onClockJump(ClockJump(milliseconds: now.milliseconds(since: last)))
        }
        clockChangesAt = uptime()
        try watchClock()
        while true {
            let expired = try expire([Due(isEverything: true)])
            try makeDurable()
            report(expired.events)
            if expired.isDone == [true] { return }
        }
    }

    /// Expires due projects in one transaction, in the order of `dues`.
    /// - Parameters:
    ///   - room: the most projects that are expired in the transaction.
    ///   - share: the most projects of one of `dues`, so that one user's do not take all of the room.
    /// - Returns: the events, and for each of `dues` whether all of its projects are expired; `nil` if no room was left
    ///   for it. If a full disk or a foreign lock refuses the transaction, all are true, because an immediate second
    ///   try would fail as well, and `refusal` is the error.
    func expire(_ dues: [Due], room: Int = Sweep.batch, share: Int = Sweep.batch) throws(StorageError) -> Expired {
        do throws(StorageError) {
            return try makingRoom { isShort throws(StorageError) in
                // If there is little room, the transactions are as small as possible, so that each one fits if any can.
                let (events, isDone) = try expireOnce(dues, room: isShort ? 1 : room, share: share)
                return Expired(events: events, isDone: isDone)
            }
        } catch  where error.isPassing {
            onError(error)
            nextDeadline.time = context(.daemon).now.adding(seconds: 1)  // Until then nobody asks for it.
            return Expired(isDone: dues.map { _ in true }, refusal: error)
        }
    }

    struct Expired {
        var events: [NewEvent] = []
        var isDone: [Bool?]
        var refusal: StorageError?
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

    private func expireOnce(
        _ dues: [Due], room: Int, share: Int
    ) throws(StorageError) -> (events: [NewEvent], isDone: [Bool?]) {
        let (events, isDone) = try inOwnTransaction { () throws(StorageError) in
            let context = try beginExpiry(at: context(.daemon).now)
            var left = room
            let isDone = try dues.map { due throws(StorageError) -> Bool? in
                guard left > 0 else { return nil }
                let limit = min(left, share)
                let count = try expire(due, context, limit: limit)
                left -= count
                return count < limit
            }
            return (transaction.steps, isDone)
        }
        // Only after a search that found all of them.
        if zip(dues, isDone).contains(where: { $0.isEverything && $1 == true }) { try findNextDeadline() }
        return (events, isDone)
    }

    /// Runs `body` in a transaction of the daemon's own work.
    func inOwnTransaction<Value>(_ body: () throws(StorageError) -> Value) throws(StorageError) -> Value {
        do throws(CommitError) {
            return try inTransaction(body)
        } catch {
            throw error.cause
        }
    }

    /// Call it in an open transaction, before anything is expired in it.
    func beginExpiry(at now: Timestamp) throws(StorageError) -> CallContext {
        let known = context(.daemon)
        let context = CallContext(now: now, caller: known.caller, limits: known.limits, metrics: known.metrics)
        // The machine may have slept, or this thread may have stood still, since the transaction began.
        compareClocks()
        noticePause()
        transaction.begin(at: now)
        // A project that is due on disk may have a waiting heartbeat.
        try engine.transaction.writeBeats()
        try putForward(context.limits)
        return context
    }

    /// Expires these projects in the open transaction.
    /// - Returns: how many of them were due. If they are fewer than `limit`, they were all.
    func expire(_ due: Due, _ context: CallContext, limit: Int) throws(StorageError) -> Int {
        do throws(RPCError) {
            var count = 0
            // Each project is read again, because an id may be listed twice.
            for id in due.projects where count < limit {
                guard let stored = try transaction.project(.projectID(id)), let deadline = stored.project.deadline,
                    deadline <= context.now
                else { continue }
                try expire(stored, context)
                count += 1
            }
            for user in due.users.map(Optional.some) + (due.isEverything ? [nil] : []) where count < limit {
                for stored in try transaction.dueProjects(ofUser: user, at: context.now, limit: limit - count) {
                    try expire(stored, context)
                    count += 1
                }
            }
            return count
        } catch {
            throw transaction.failure ?? StorageError(.misuse, error.message)
        }
    }

    /// Expires one project. If the schema refuses the refund because someone edited the account by hand, the expiry is
    /// tried again later, so that other projects are not blocked.
    private func expire(_ stored: StoredProject, _ context: CallContext) throws(RPCError) {
        try transaction.reporting(engine.savepoint)
        do throws(RPCError) {
            try Sweep.settle(stored, in: transaction, context, resumedAt: resumedAt)
        } catch {
            guard let failure = transaction.failure, failure.kind == .constraint else { throw error }
            transaction.failure = nil
            try transaction.reporting(engine.rollBackToSavepoint)
            onError(
                StorageError(
                    .constraint, code: failure.code,
                    "project \(stored.project.projectId) is due and cannot be refunded (\(failure.message)): see "
                        + "`lifecyclectl audit`; it is tried again in \(Self.repairTime) seconds"))
            try Sweep.postpone(
                stored, to: context.now.adding(seconds: Self.repairTime), in: transaction, at: context.now)
        }
        try transaction.reporting(engine.release)
    }

    /// In seconds. How long an expiry that the schema refuses is put off.
    private static let repairTime: Int64 = 600

    /// Writes the waiting heartbeats to disk.
    func writeBeats() throws(StorageError) {
        guard engine.transaction.hasWaitingBeats else { return }
        do throws(StorageError) {
            try inOwnTransaction(engine.transaction.writeBeats)
        } catch {
            // The heartbeats wait in memory until there is room. Leases already count from them.
            guard error.isPassing else { throw error }
            if error.kind == .busy { onError(error) }
        }
    }

    var isSomethingDue: Bool { nextDeadline.time <= context(.daemon).now }

    /// The number of the newest event; `nil` if it is the same as at the last call.
    func newEvent() -> Int64? {
        guard engine.transaction.newestEvent > reportedEvent else { return nil }
        reportedEvent = engine.transaction.newestEvent
        return reportedEvent
    }

    private func findNextDeadline() throws(StorageError) {
        nextDeadline.time = try engine.transaction.earliestDeadline() ?? Timestamp(milliseconds: .max)
    }
}
