internal import DequeModule
internal import LifecycleCore
internal import LifecycleSystem
internal import Synchronization

/// Group commit: what waits is taken at once, committed by one transaction, and answered after it. While one batch is
/// made durable the next one gathers, so that the more callers there are, the fewer syncs each costs.
package final class WriteQueue: Sendable {
    private enum Letter: Sendable {
        case write([WriteJob])
        case check(@Sendable () -> Void)
        case close(@Sendable (StorageError?) -> Void)
    }

    private struct State {
        var queued = 0
        var isOpen = true
    }

    /// Writes that share a commit. Not all that wait: while these are made durable the answers of the last ones are
    /// sent, and their callers' next writes read (docs/decisions.md).
    private static let mostPerCommit = 128

    private let mailbox = Mailbox<Letter>()
    private let state = Mutex(State())
    private let limit: Int
    private let deliver: @Sendable (@escaping @Sendable () -> Void) -> Void
    private let onError: @Sendable (StorageError) -> Void
    private let onBatch: @Sendable (_ jobs: Int, _ took: Duration) -> Void

    /// - Parameters:
    ///   - limit: the most writes that may wait; further ones are answered with `busy`.
    ///   - deliver: runs the completions of a batch, where the callers live.
    ///   - onBatch: told of every batch, for the metrics; on the writer thread.
    ///   - onError: told, on the writer thread, of what storage said; after a fatal error no write is acknowledged.
    init(
        limit: Int, deliver: @escaping @Sendable (@escaping @Sendable () -> Void) -> Void,
        onBatch: @escaping @Sendable (_ jobs: Int, _ took: Duration) -> Void,
        onError: @escaping @Sendable (StorageError) -> Void
    ) {
        self.limit = limit
        self.deliver = deliver
        self.onBatch = onBatch
        self.onError = onError
    }

    /// Starts the thread that writes, and gives it the writer.
    func start(_ writer: sending Writer) throws(SystemCallError) {
        try SystemThread.start { self.work(writer) }
    }

    /// Queues writes, in order. Any thread.
    package func submit(_ jobs: [WriteJob]) {
        let (accepted, refusal): (Int, RPCError) = state.withLock { state in
            guard state.isOpen else { return (0, .stopping) }
            let accepted = min(jobs.count, limit - state.queued)
            state.queued += accepted
            return (accepted, .busy("Too many writes wait for the disk."))
        }
        if accepted == jobs.count { return mailbox.send(.write(jobs)) }
        if accepted > 0 { mailbox.send(.write(Array(jobs.prefix(accepted)))) }
        deliver { for job in jobs.dropFirst(accepted) { job.completion(WriteOutcome(.failure(refusal))) } }
    }

    /// Calls back once the writer has got through all that was queued before, and its files are still there: alive.
    package func check(_ completion: @escaping @Sendable () -> Void) { mailbox.send(.check(completion)) }

    /// Writes what is queued, refuses what comes later, closes the database and calls back, with the error when that did
    /// not go well.
    package func close(_ completion: @escaping @Sendable (StorageError?) -> Void) {
        state.withLock { $0.isOpen = false }
        mailbox.send(.close(completion))
    }

    // MARK: The writer thread

    private func work(_ writer: Writer) {
        SystemThread.setName("writer")
        var waiting = Deque<WriteJob>()
        var close: (@Sendable (StorageError?) -> Void)?
        while true {
            var checks: [@Sendable () -> Void] = []
            for letter in waiting.isEmpty ? mailbox.takeAll() : mailbox.takeWaiting() {
                switch letter {
                case .write(let more): waiting += more
                case .check(let completion): checks.append(completion)
                case .close(let completion): close = completion
                }
            }
            let jobs = Array(waiting.prefix(Self.mostPerCommit))
            waiting.removeFirst(jobs.count)
            if !jobs.isEmpty, let failure = run(jobs, by: writer) { return stop(failure, waiting, closed: close) }
            do throws(StorageError) {
                if !checks.isEmpty { try writer.check() }
                for check in checks { check() }
                try writer.checkpointIfDue()
                if let close, waiting.isEmpty {
                    try writer.close()
                    return close(nil)
                }
            } catch {
                return stop(error, waiting, closed: close)
            }
        }
    }

    private func run(_ jobs: [WriteJob], by writer: Writer) -> StorageError? {
        let clock = ContinuousClock()
        let start = clock.now
        let batch = writer.run(jobs)
        onBatch(jobs.count, clock.now - start)
        state.withLock { $0.queued -= jobs.count }
        for error in batch.errors where !error.isFatal { onError(error) }
        deliver {
            for (job, outcome) in zip(jobs, batch.outcomes) { job.completion(outcome) }
        }
        return batch.failure
    }

    /// Fail-stop: nothing is written any more, and what waits is answered so.
    private func stop(
        _ failure: StorageError, _ waiting: Deque<WriteJob>, closed: (@Sendable (StorageError?) -> Void)?
    ) {
        state.withLock { $0.isOpen = false }
        onError(failure)
        refuse(Array(waiting), failure)
        if let closed { return closed(failure) }
        while true {
            for letter in mailbox.takeAll() {
                switch letter {
                case .write(let jobs): refuse(jobs, failure)
                case .check: break  // Not alive.
                case .close(let completion): return completion(failure)
                }
            }
        }
    }

    private func refuse(_ jobs: [WriteJob], _ failure: StorageError) {
        deliver { for job in jobs { job.completion(WriteOutcome(.failure(RPCError(failure)))) } }
    }
}
