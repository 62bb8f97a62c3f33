internal import DequeModule
internal import LifecycleCore

/// The main loop of the writer's thread. Not `Sendable`: used on that thread only.
final class WriterLoop {
    /// The most writes that share a commit. It does not take all waiting writes: while one group is made durable, the
    /// replies to the previous one are sent and the next writes of those callers are read (docs/decisions.md).
    private static let mostPerCommit = 128

    /// The most projects that are expired in one transaction while callers write, and the most of these on behalf of
    /// one request.
    private static let shortExpiry = (room: 256, share: 128)

    private let writer: Writer
    private let messages: MessageQueue<WriterMessage>
    private let limit: QueueLimit
    private let observer: WriterObserver

    private var queue = CommitQueue()
    private var wakeUps = WakeUps()
    private var heartbeats = HeartbeatTimer()
    /// Whether this round had writes of callers.
    private var wroteJobs = false

    init(
        _ writer: Writer, _ messages: MessageQueue<WriterMessage>, _ limit: QueueLimit, _ observer: WriterObserver
    ) {
        self.writer = writer
        self.messages = messages
        self.limit = limit
        self.observer = observer
    }

    /// Returns after the database is closed.
    func run() {
        do throws(StorageError) {
            while true {
                read(queue.isIdle ? messages.takeAll() : messages.takeWaiting())
                try doRound()
                if let close = queue.close, queue.isIdle { return close(end()) }
            }
        } catch {
            stop(error)
        }
    }

    private func doRound() throws(StorageError) {
        if let end = queue.closesBy, end < .now { giveUp(.stopping) }
        try writer.watchClock()
        try commitGroup()
        if heartbeats.isTime(at: writer.now, areWaiting: writer.engine.transaction.hasWaitingBeats) {
            try writer.writeBeats()
        }
        try expire()
        try writer.makeDurable()
        try writer.engine.reclaimSpace()
        startTimers()
        // A caller that gets an answer may rely on the next timers having been started.
        try answerChecks()
        writer.noticePause()
    }

    private func read(_ received: Deque<WriterMessage>) {
        let uptime = writer.uptime()
        writer.resume(at: uptime, isLate: wakeUps.isLate(at: uptime, tolerance: writer.patience))
        for message in received {
            if case .wakeUp(let timer?) = message { wakeUps.fired(timer) } else { queue.add(message) }
        }
    }

    private func commitGroup() throws(StorageError) {
        let jobs = queue.nextJobs(atMost: Self.mostPerCommit)
        wroteJobs = !jobs.isEmpty
        guard !jobs.isEmpty else { return }
        let clock = ContinuousClock()
        let start = clock.now
        let group = writer.run(jobs) { already in
            guard already < Self.mostPerCommit else { return [] }
            writer.noticePause()
            read(messages.takeWaiting())
            return queue.nextJobs(atMost: Self.mostPerCommit - already)
        }
        // A caller without an outcome would wait for ever for what was committed.
        guard group.outcomes.count == group.jobs.count else {
            assertionFailure()
            throw StorageError(.misuse, "\(group.jobs.count) writes have \(group.outcomes.count) outcomes")
        }
        observer.onCommitGroup(group.jobs.count, clock.now - start)
        let postponed = group.postponed
        for (job, due) in postponed { queue.postpone(job, until: due) }
        limit.release(group.jobs.count - postponed.count)
        for error in group.errors where !error.isFatal { observer.onError(error) }
        tell { [observer] error in
            observer.deliver {
                let unknown = error.map { _ in WriteOutcome(.failure(.outcomeUnknown)) }
                for case (let job, let outcome?) in zip(group.jobs, group.outcomes) {
                    job.completion(unknown ?? outcome)
                }
            }
        }
        try writer.makeDurable()
        if let failure = group.failure { throw failure }
    }

    /// Expires due projects in one transaction. It is short while writes arrive, so that they do not wait long for it.
    private func expire() throws(StorageError) {
        let isDue = queue.mayExpire(writer.isSomethingDue) {
            observer.deliver { [messages] in messages.send(.loopRuns) }
        }
        var taken = queue.takeExpiries(isSomethingDue: isDue)
        guard !taken.isEmpty else { return }
        do throws(StorageError) {
            let (room, share) = wroteJobs ? Self.shortExpiry : (Sweep.batch, Sweep.batch)
            let expired = try writer.expire(taken.map(\.due), room: room, share: share)
            if let refusal = expired.refusal { refuse(taken.indices.flatMap { taken[$0].takeJobs() }, refusal) }
            let completions = queue.finish(taken, isDone: expired.isDone)
            tell(of: expired.events) { [observer] _ in
                if !completions.isEmpty { observer.deliver { for completion in completions { completion() } } }
            }
        } catch {
            // `stop` answers the callers that wait for it, together with all others.
            _ = queue.finish(taken, isDone: taken.map { _ in nil })
            throw error
        }
        try writer.makeDurable()
    }

    /// Writes that met due projects which cannot be expired now. To run them as if nothing was due would be wrong.
    private func refuse(_ jobs: [WriteJob], _ error: StorageError) {
        limit.release(jobs.count)
        observer.deliver { for job in jobs { job.completion(WriteOutcome(.failure(RPCError(error)))) } }
    }

    /// Reports expiries and events, and calls back, when the newest commit is durable.
    private func tell(of expired: [NewEvent] = [], then completion: @escaping Durability.Completion) {
        let newest = writer.newEvent()
        writer.durability.whenDurable { [observer] error in
            if error == nil {
                if !expired.isEmpty { observer.onExpiry(expired) }
                if let newest { observer.onCommit(newest) }
            }
            completion(error)
        }
    }

    private func startTimers() {
        let now = writer.now
        let deadline = writer.nextDeadline.time
        let isRetryDue = writer.engine.isWatchful || writer.clockChangesAt != nil
        let times = WakeUps.Times(
            deadline: deadline.milliseconds < .max ? deadline : nil,
            heartbeats: writer.engine.transaction.hasWaitingBeats ? heartbeats.time : nil,
            retry: isRetryDue ? now.adding(seconds: 1) : nil)
        for timer in wakeUps.set(times, now: now, uptime: writer.uptime()) {
            observer.schedule(.milliseconds(timer.pause)) { [weak messages] in messages?.send(.wakeUp(timer.id)) }
        }
    }

    private func answerChecks() throws(StorageError) {
        let checks = queue.nextChecks()
        guard !checks.isEmpty else { return }
        try writer.engine.checkAlive()
        for check in checks { check() }
    }

    // MARK: End

    private func end() -> StorageError? {
        do throws(StorageError) {
            try writer.writeBeats()
            try writer.makeDurable()
            try writer.engine.close()
            return nil
        } catch {
            return error
        }
    }

    private func giveUp(_ reason: RPCError) {
        let (jobs, completions) = queue.removeAll()
        limit.release(jobs.count)
        observer.deliver {
            for job in jobs { job.completion(WriteOutcome(.failure(reason))) }
            for completion in completions { completion() }
        }
    }

    /// Fail-stop: nothing is written any more, and all waiting work is answered with the error. The process has to end:
    /// if it stayed and refused every write, it would keep the next daemon out.
    private func stop(_ cause: StorageError) {
        let failure = cause.asFatal
        limit.close()
        observer.onError(failure)
        while true {
            giveUp(RPCError(failure))
            if let close = queue.close { return close(failure) }
            for message in messages.takeAll() { queue.add(message) }
        }
    }
}
