package import LifecycleCore
internal import LifecycleSystem

/// The writer as other threads see it. Group commit: waiting writes share one transaction and one sync, and are
/// answered after it. While one commit group is made durable, the next one gathers.
package final class WriterThread: Sendable {
    private let messages = MessageQueue<WriterMessage>()
    private let limit: QueueLimit
    private let observer: WriterObserver

    /// - Parameter limit: the most writes that may wait. Further ones are answered with `busy`.
    init(limit: Int, _ observer: WriterObserver) {
        self.limit = QueueLimit(limit)
        self.observer = observer
    }

    /// Starts the thread and hands the writer over to it.
    func start(_ writer: sending Writer) throws(SystemCallError) {
        let (messages, limit, observer) = (messages, limit, observer)
        try SystemThread.start {
            SystemThread.setName("writer")
            WriterLoop(writer, messages, limit, observer).run()
        }
        // The start may have left work for later, and no timer was started for it yet.
        tick()
    }

    /// The number of writes that wait, including those of the commit group that is being written. May be used on any
    /// thread.
    package var count: Int { limit.waiting }

    /// Queues writes in this order. May be called on any thread.
    package func submit(_ jobs: [WriteJob]) {
        let (accepted, refusal) = limit.admit(jobs.count)
        if accepted == jobs.count { return messages.send(.write(jobs)) }
        if accepted > 0 { messages.send(.write(Array(jobs.prefix(accepted)))) }
        observer.deliver { for job in jobs.dropFirst(accepted) { job.completion(WriteOutcome(.failure(refusal))) } }
    }

    /// Queues one of the daemon's own writes, which are never refused. May be called on any thread.
    package func submitOwn(_ job: WriteJob) {
        limit.admitOwn()
        messages.send(.write([job]))
    }

    /// Expires these due projects, and then calls back on the thread of the callers. May be called on any thread.
    package func expire(_ due: Due, _ completion: @escaping @Sendable () -> Void) {
        messages.send(.expire(due, completion))
    }

    /// Has the writer look at the time. Tests call it after they have moved the clock.
    package func tick() { messages.send(.wakeUp(nil)) }

    /// Calls back when the writer has done all earlier messages and its files are still in place.
    package func check(_ completion: @escaping @Sendable () -> Void) { messages.send(.check(completion)) }

    /// Writes what is queued, refuses later writes, closes the database and calls back, with the error if there was
    /// one.
    /// - Parameter time: when the writer gives up the work that still waits.
    package func close(
        by time: ContinuousClock.Instant, _ completion: @escaping @Sendable (StorageError?) -> Void
    ) {
        limit.close()
        messages.send(.close(by: time, completion))
    }
}
