internal import DequeModule
internal import LifecycleCore
package import LifecycleSQLite
internal import LifecycleSystem
internal import Synchronization

/// Group commit: what waits is taken at once, committed by one transaction, and answered after it. While one batch is
/// made durable the next one gathers, so that the more callers there are, the fewer syncs each costs.
package final class WriteQueue: Sendable {
    private struct State {
        var queued = 0
        var isOpen = true
    }

    /// Writes that share a commit. Not all that wait: while these are made durable the answers of the last ones are
    /// sent, and their callers' next writes read (docs/decisions.md).
    private static let mostPerCommit = 128

    private let mailbox = Mailbox<WriterLetter>()
    private let state = Mutex(State())
    private let limit: Int
    private let deliver: @Sendable (@escaping @Sendable () -> Void) -> Void
    private let onError: @Sendable (StorageError) -> Void
    private let events: Events

    /// What the writer tells and asks of its surroundings, all on its thread.
    struct Events: Sendable {
        /// The daemon's clocks did this.
        var onSweep: @Sendable ([NewEvent]) -> Void
        /// This is the newest event on disk.
        var onCommit: @Sendable (Int64) -> Void
        /// To be called back after this time; any thread.
        var schedule: @Sendable (Duration, @escaping @Sendable () -> Void) -> Void
    }
    private let onBatch: @Sendable (_ jobs: Int, _ took: Duration) -> Void

    /// - Parameters:
    ///   - limit: the most writes that may wait; further ones are answered with `busy`.
    ///   - deliver: runs the completions of a batch, where the callers live.
    ///   - onBatch: told of every batch, for the metrics; on the writer thread.
    ///   - onError: told, on the writer thread, of what storage said; after a fatal error no write is acknowledged.
    init(
        limit: Int, deliver: @escaping @Sendable (@escaping @Sendable () -> Void) -> Void,
        onBatch: @escaping @Sendable (_ jobs: Int, _ took: Duration) -> Void,
        onError: @escaping @Sendable (StorageError) -> Void, events: Events
    ) {
        self.events = events
        self.limit = limit
        self.deliver = deliver
        self.onBatch = onBatch
        self.onError = onError
    }

    /// Starts the thread that writes, and gives it the writer.
    func start(_ writer: sending Writer) throws(SystemCallError) {
        try SystemThread.start { self.work(writer) }
        // What the start has left to be done later has no alarm yet.
        tick()
    }

    /// Writes that wait, those of the batch that is being written among them. Any thread.
    package var count: Int { state.withLock { $0.queued } }

    /// Queues writes, in order. Any thread.
    package func submit(_ jobs: [WriteJob]) {
        let (accepted, refusal): (Int, RPCError) = state.withLock { state in
            guard state.isOpen else { return (0, .stopping) }
            // The daemon's own may have filled it beyond the limit.
            let accepted = max(0, min(jobs.count, limit - state.queued))
            state.queued += accepted
            return (accepted, .busy("Too many writes wait for the disk."))
        }
        if accepted == jobs.count { return mailbox.send(.write(jobs)) }
        if accepted > 0 { mailbox.send(.write(Array(jobs.prefix(accepted)))) }
        deliver { for job in jobs.dropFirst(accepted) { job.completion(WriteOutcome(.failure(refusal))) } }
    }

    /// Queues a write of the daemon's own, which no limit refuses. Any thread.
    package func submitOwn(_ job: WriteJob) {
        state.withLock { $0.queued += 1 }
        mailbox.send(.write([job]))
    }

    /// Calls back, where callers live, once what is due of this has been settled. Any thread.
    package func settle(_ due: Due, _ completion: @escaping @Sendable () -> Void) {
        mailbox.send(.settle(due, completion))
    }

    /// It may be time for something: a test has moved the clock.
    package func tick() { mailbox.send(.tick(nil)) }

    /// Calls back once the writer has got through all that was queued before, and its files are still there: alive.
    package func check(_ completion: @escaping @Sendable () -> Void) { mailbox.send(.check(completion)) }

    /// Writes what is queued, refuses what comes later, closes the database and calls back, with the error when that did
    /// not go well.
    /// - Parameter time: what is queued is given up then.
    package func close(
        by time: ContinuousClock.Instant, _ completion: @escaping @Sendable (StorageError?) -> Void
    ) {
        state.withLock { $0.isOpen = false }
        mailbox.send(.close(by: time, completion))
    }

    // MARK: The writer thread

    private func work(_ writer: Writer) {
        SystemThread.setName("writer")
        var turn = Turn()
        var alarm = WriterAlarm()
        while true {
            read(turn.isIdle ? mailbox.takeAll() : mailbox.takeWaiting(), into: &turn, &alarm, writer)
            do throws(StorageError) {
                if turn.isTooLate { giveUp(&turn, .stopping) }
                try writer.watchClock()
                if let failure = run(&turn, &alarm, by: writer) { throw failure }
                if alarm.isTimeForBeats(writer) { try writer.writeBeats() }
                try settle(&turn, by: writer)
                try writer.log.checkpointIfDue()
                writer.log.look()
                alarm.set(writer) { delay, ring in
                    events.schedule(delay) { [weak self] in self?.mailbox.send(.tick(ring)) }
                }
                // Who gets an answer may rely on it that the next alarm is set.
                try turn.answerChecks(writer)
                writer.noticePause()
                if let close = turn.close, turn.isIdle { return close(end(writer)) }
            } catch {
                return stop(error, turn)
            }
        }
    }

    private func read(
        _ letters: Deque<WriterLetter>, into turn: inout Turn, _ alarm: inout WriterAlarm, _ writer: Writer
    ) {
        let now = writer.uptime()
        writer.wakeUp(at: now, isLate: alarm.isLate(at: now, tolerance: writer.patience))
        turn.take(letters, &alarm)
    }

    private func run(_ turn: inout Turn, _ alarm: inout WriterAlarm, by writer: Writer) -> StorageError? {
        let jobs = turn.nextJobs(Self.mostPerCommit)
        guard !jobs.isEmpty else { return nil }
        let clock = ContinuousClock()
        let start = clock.now
        let batch = writer.run(jobs) { already in
            guard already < Self.mostPerCommit else { return [] }
            writer.noticePause()
            read(mailbox.takeWaiting(), into: &turn, &alarm, writer)
            return turn.nextJobs(Self.mostPerCommit - already)
        }
        onBatch(batch.jobs.count, clock.now - start)
        let postponed = zip(batch.jobs, batch.outcomes).filter { $1 == nil }.map(\.0)
        turn.postpone(postponed, until: batch.due)
        state.withLock { $0.queued -= batch.jobs.count - postponed.count }
        for error in batch.errors where !error.isFatal { onError(error) }
        report(batch.settled, by: writer)
        deliver {
            for case (let job, let outcome?) in zip(batch.jobs, batch.outcomes) { job.completion(outcome) }
        }
        return batch.failure
    }

    /// One transaction for those who read a project that is due, and one of somebody else's, so that nobody waits for more.
    private func settle(_ turn: inout Turn, by writer: Writer) throws(StorageError) {
        let isDue = turn.maySettle(writer.isSomethingDue) { deliver { [mailbox] in mailbox.send(.heard) } }
        for isSmall in [true, false] {
            guard let next = turn.nextSettling(isSmall: isSmall, isSomethingDue: isDue) else { continue }
            do throws(StorageError) {
                let (steps, isDone) = try writer.settle(next.due)
                report(steps, by: writer)
                let completions = turn.settled(next, isDone: isDone)
                if !completions.isEmpty { deliver { for completion in completions { completion() } } }
            } catch {
                _ = turn.settled(next, isDone: false)
                throw error
            }
        }
    }

    private func report(_ settled: [NewEvent], by writer: Writer) {
        if !settled.isEmpty { events.onSweep(settled) }
        if let seq = writer.newEvent() { events.onCommit(seq) }
    }

    private func end(_ writer: Writer) -> StorageError? {
        do throws(StorageError) {
            try writer.writeBeats()
            try writer.close()
            return nil
        } catch {
            return error
        }
    }

    private func giveUp(_ turn: inout Turn, _ reason: RPCError) {
        let (jobs, completions) = turn.giveUp()
        state.withLock { $0.queued -= jobs.count }
        deliver {
            for job in jobs { job.completion(WriteOutcome(.failure(reason))) }
            for completion in completions { completion() }
        }
    }

    /// Fail-stop: nothing is written any more, and what waits is answered so. The process has to end, whatever it was:
    /// one that lived on and refused every write would keep the next one out.
    private func stop(_ cause: StorageError, _ turn: Turn) {
        let failure = cause.asFatal
        state.withLock { $0.isOpen = false }
        onError(failure)
        var turn = turn
        var alarm = WriterAlarm()
        while true {
            giveUp(&turn, RPCError(failure))
            if let close = turn.close { return close(failure) }
            turn.take(mailbox.takeAll(), &alarm)
        }
    }
}
