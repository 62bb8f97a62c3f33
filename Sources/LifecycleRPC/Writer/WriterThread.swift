internal import LifecycleCore
package import LifecycleSQLite
internal import LifecycleSystem

/// The writer, as other threads see it. Group commit: the writes that wait share one transaction and one sync, and are
/// answered after it. While one commit group is made durable the next one gathers.
package final class WriterThread: Sendable {
    private let messages = MessageQueue<WriterMessage>()
    private let limit: QueueLimit
    private let observer: WriterObserver

    /// - Parameter limit: the most writes that may wait; further ones are answered with `busy`.
    init(limit: Int, _ observer: WriterObserver) {
        self.limit = QueueLimit(limit)
        self.observer = observer
    }

    /// Starts the thread, and gives it the writer.
    func start(_ writer: sending Writer) throws(SystemCallError) {
        let (messages, limit, observer) = (messages, limit, observer)
        try SystemThread.start {
            SystemThread.setName("writer")
            WriterLoop(writer, messages, limit, observer).run()
        }
        // What the start has left to be done later has no timer yet.
        tick()
    }

    /// Writes that wait, those of the commit group that is being written among them. Any thread.
    package var count: Int { limit.waiting }

    /// Queues writes, in order. Any thread.
    package func submit(_ jobs: [WriteJob]) {
        let (accepted, refusal) = limit.admit(jobs.count)
        if accepted == jobs.count { return messages.send(.write(jobs)) }
        if accepted > 0 { messages.send(.write(Array(jobs.prefix(accepted)))) }
        observer.deliver { for job in jobs.dropFirst(accepted) { job.completion(WriteOutcome(.failure(refusal))) } }
    }

    /// Queues a write of the daemon itself, which no limit refuses. Any thread.
    package func submitOwn(_ job: WriteJob) {
        limit.admitOwn()
        messages.send(.write([job]))
    }

    /// Calls back, where callers live, once these due projects are expired. Any thread.
    package func expire(_ due: Due, _ completion: @escaping @Sendable () -> Void) {
        messages.send(.expire(due, completion))
    }

    /// It may be time for something: a test has moved the clock.
    package func tick() { messages.send(.wakeUp(nil)) }

    /// Calls back once the writer has done all that was queued before, and its files are still there: it is alive.
    package func check(_ completion: @escaping @Sendable () -> Void) { messages.send(.check(completion)) }

    /// Writes what is queued, refuses what comes later, closes the database and calls back, with the error when that
    /// did not go well.
    /// - Parameter time: what is queued is given up then.
    package func close(
        by time: ContinuousClock.Instant, _ completion: @escaping @Sendable (StorageError?) -> Void
    ) {
        limit.close()
        messages.send(.close(by: time, completion))
    }
}
