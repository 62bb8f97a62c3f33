internal import LifecycleCore
internal import LifecycleSQLite

/// What the daemon's clocks do, as the daemon itself.
extension Writer {
    /// Settles all that is due, until nothing is or the disk has no room for more. For the start.
    func sweep(_ report: (WriteOutcome) -> Void) throws(StorageError) {
        let now = context(.daemon).now
        clockWork.isStarting = true
        clockWork.mayBeSetBack = try transaction.mayBeSetBack()
        // The clock went back while nobody ran.
        if let last = try transaction.newestEventTime(), last > now {
            clockWork.isBack = true
            onClockJump(ClockJump(milliseconds: now.milliseconds(since: last)))
        }
        clockWorkAt = uptime()
        try watchClock()
        let everything = Due(isEverything: true)
        while true {
            let (steps, isDone) = try settle(everything)
            report(WriteOutcome(.success { $0.null() }, steps: steps))
            if isDone { return }
        }
    }

    /// Settles what is due, at most `Sweep.batch` projects, in a transaction of its own.
    /// - Returns: what was done, and whether all is settled. What a full disk or a foreign lock refuses has to wait: done,
    ///   too.
    func settle(_ due: Due) throws(StorageError) -> (steps: [NewEvent], isDone: Bool) {
        do throws(StorageError) {
            return try makingRoom { isShort throws(StorageError) in
                // The smallest transactions when there is little room, so that each fits if anything does.
                try settleOnce(due, limit: isShort ? 1 : Sweep.batch)
            }
        } catch  where error.isPassing {
            onError(error)
            nextDeadline.time = context(.daemon).now.adding(seconds: 1)  // Until then nobody asks for it.
            return ([], true)
        }
    }

    /// Tries once more when the disk is full, in the room that the ballast gives up, or a checkpoint.
    func makingRoom<Value>(
        _ body: (_ isShort: Bool) throws(StorageError) -> Value
    ) throws(StorageError) -> Value {
        do throws(StorageError) {
            return try body(false)
        } catch  where error.kind == .full {
            guard try log.regainRoom() else { throw error }
            return try body(true)
        }
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
        try putForward(context.limits)
        do throws(RPCError) {
            var settled = 0
            // One after the other, as one project may be named twice.
            for id in due.projects where settled < limit {
                guard let stored = try transaction.project(.projectID(id)), let deadline = stored.project.deadline,
                    deadline <= now
                else { continue }
                try settle(stored, context)
                settled += 1
            }
            for user in due.users.map(Optional.some) + (due.isEverything ? [nil] : []) where settled < limit {
                for stored in try transaction.dueProjects(ofUser: user, at: now, limit: limit - settled) {
                    try settle(stored, context)
                    settled += 1
                }
            }
            return (transaction.steps, settled)
        } catch {
            throw transaction.failure ?? StorageError(.misuse, error.message)
        }
    }

    /// Settles one project. What the ledger's own rules refuse, as a hand was at the account, is put off: it must be in
    /// nobody's way.
    private func settle(_ stored: StoredProject, _ context: CallContext) throws(RPCError) {
        try transaction.reporting { () throws(StorageError) in try savepoint.run() }
        let mark = transaction.mark
        do throws(RPCError) {
            try Sweep.settle(stored, in: transaction, context, resumedAt: resumedAt)
        } catch {
            guard let failure = transaction.failure, failure.kind == .constraint else { throw error }
            transaction.failure = nil
            try transaction.reporting { () throws(StorageError) in try rollBackToSavepoint(mark) }
            onError(
                StorageError(
                    .constraint, code: failure.code,
                    "project \(stored.project.projectId) is due and cannot be refunded (\(failure.message)): see "
                        + "`lifecyclectl audit`; it is tried again in \(Self.repairTime) seconds"))
            try Sweep.postpone(
                stored, to: context.now.adding(seconds: Self.repairTime), in: transaction, at: context.now)
        }
        try transaction.reporting { () throws(StorageError) in try release.run() }
    }

    /// In seconds.
    private static let repairTime: Int64 = 600

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
            guard error.isPassing else { throw error }
            if error.kind == .busy { onError(error) }
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
}
