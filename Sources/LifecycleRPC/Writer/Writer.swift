internal import LifecycleCore

/// Runs commit groups on the engine. Not `Sendable`: used on the writer's thread only.
final class Writer {
    let engine: any LedgerEngine
    /// What the rules write to, over the open transaction of the engine.
    let transaction: WriteTransaction
    let nextDeadline: NextDeadline
    let durability: Durability
    let context: @Sendable (Caller) -> CallContext
    let uptime: Uptime
    /// The time from which leases count at the earliest: see `Sweep.settle`.
    var resumedAt: Timestamp
    var clockWatch: ClockWatch
    /// When this thread was last known to run, by the monotonic clock, and the longest time in milliseconds without
    /// such a sign: see `noticePause`.
    var lastSeen: Int64
    let patience: Int64
    /// Asked whether the event loop has stood still since the last call, so that no client could report.
    let hasLoopPaused: @Sendable (_ uptime: Int64) -> Bool
    /// The work after the wall clock was set, or may have been set while no daemon ran, and when to do it, by the
    /// monotonic clock.
    var clockChanges = ClockChanges()
    var clockChangesAt: Int64?
    /// Called with errors of the daemon's own work after which it continues.
    let onError: @Sendable (StorageError) -> Void
    let onClockJump: @Sendable (ClockJump) -> Void
    /// The newest event that was reported to the observer.
    var reportedEvent: Int64 = 0

    init(
        _ engine: any LedgerEngine, _ nextDeadline: NextDeadline = NextDeadline(),
        _ durability: Durability = Durability(),
        context: @escaping @Sendable (Caller) -> CallContext, uptime: @escaping Uptime, patience: Int64,
        hasLoopPaused: @escaping @Sendable (_ uptime: Int64) -> Bool,
        onError: @escaping @Sendable (StorageError) -> Void, onClockJump: @escaping @Sendable (ClockJump) -> Void
    ) {
        self.engine = engine
        self.nextDeadline = nextDeadline
        transaction = WriteTransaction(engine.transaction, nextDeadline)
        self.durability = durability
        self.context = context
        self.uptime = uptime
        resumedAt = context(.daemon).now
        lastSeen = uptime()
        clockWatch = ClockWatch(wall: resumedAt, uptime: lastSeen)
        self.patience = patience
        self.hasLoopPaused = hasLoopPaused
        self.onError = onError
        self.onClockJump = onClockJump
    }

    var now: Timestamp { context(.daemon).now }

    /// Runs all jobs in one transaction, each in a savepoint, and commits once.
    /// - Parameter late: called before the COMMIT until it returns nothing: the jobs that have arrived meanwhile.
    func run(_ jobs: [WriteJob], joinedBy late: (_ already: Int) -> [WriteJob]) -> CommitGroup {
        var group = CommitGroup(jobs)
        do throws(CommitError) {
            if engine.isDiskFull { try leaveFullDisk() }
            if !engine.isDiskFull {
                try attempt(jobs, joinedBy: late, &group)
                return group
            }
        } catch  where error.cause.kind == .full {
            engine.enterFullDisk()
            group.note(error.cause)
        } catch {
            refuse(group.jobs.count, &group, error)
            return group
        }
        runWithoutCharges(&group)
        return group
    }

    // MARK: One transaction

    /// Runs `body` in a transaction and commits it. Nothing else commits. Whoever tells of the commit waits for
    /// `durability`.
    /// - Parameter isCharge: whether the transaction may be refused, to keep room for captures and refunds.
    func inTransaction<Value>(
        isCharge: (Value) -> Bool = { _ in false }, _ body: () throws(StorageError) -> Value
    ) throws(CommitError) -> Value {
        let value: Value
        do throws(StorageError) {
            try engine.begin()
            value = try body()
        } catch {
            rollBack()
            throw CommitError(error)
        }
        do throws(CommitError) {
            durability.begin()
            durability.note(try engine.commit(isCharge: isCharge(value)))
        } catch {
            durability.abandon()
            clockChanges.rollBack()
            throw error
        }
        clockChanges.commit()
        return value
    }

    /// Runs jobs of the group in one transaction.
    func attempt(
        _ jobs: [WriteJob], joinedBy late: (_ already: Int) -> [WriteJob] = { _ in [] }, _ group: inout CommitGroup
    ) throws(CommitError) {
        let done = try inTransaction(isCharge: \.isCharge) { () throws(StorageError) in
            var attempt = CommitGroup.Attempt(jobs, in: group)
            while let job = attempt.next {
                if attempt.mustWait(job) {
                    attempt.postpone(until: nil)
                } else if let outcome = try run(job, &group) {
                    attempt.finish(outcome)
                } else {
                    attempt.postpone(until: transaction.due)
                }
                guard !attempt.hasNext else { continue }
                let joining = late(attempt.jobs.count)
                attempt.join(joining)
                group.join(joining)
            }
            return attempt
        }
        group.commit(done)
    }

    func refuse(_ count: Int, _ group: inout CommitGroup, _ error: CommitError) {
        group.refuse(count, error.isOutcomeUnknown ? .outcomeUnknown : RPCError(error.cause))
        group.note(error.cause)
    }

    func rollBack() {
        engine.rollBack()
        clockChanges.rollBack()
    }

    /// Makes the newest commit durable, and tells those who wait for it. Nothing else does.
    func makeDurable() throws(StorageError) {
        guard let commit = durability.pending else { return }
        do throws(StorageError) {
            try engine.makeDurable(commit)
        } catch {
            durability.fail(error)
            throw error
        }
        durability.reached(commit)
    }
}
