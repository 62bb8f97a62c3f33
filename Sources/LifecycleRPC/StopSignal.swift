/// Why the daemon stops; the first reason counts. Any thread.
struct StopSignal: Sendable {
    enum Reason: Sendable {
        /// SIGTERM, SIGINT.
        case requested
        /// Nobody is connected and nothing is unfinished.
        case idle
        case failed(StorageError)
        case inconsistent([String])
        /// The listener was lost, so that nobody can connect any more.
        case deaf
    }

    private let reasons: AsyncStream<Reason>
    private let continuation: AsyncStream<Reason>.Continuation

    init() {
        (reasons, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(1))
    }

    func stop(_ reason: Reason) { continuation.yield(reason) }

    /// Waits for the first reason. To be called once.
    func first() async -> Reason {
        for await reason in reasons { return reason }
        return .requested  // The task was cancelled.
    }
}
