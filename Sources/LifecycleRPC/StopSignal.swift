internal import LifecycleSQLite

/// Why the daemon stops; the first reason counts. Any thread.
struct StopSignal: Sendable {
    enum Reason: Sendable {
        /// By a signal.
        case requested
        /// Nobody is connected and nothing is unfinished.
        case idle
        case failed(StorageError)
        case inconsistent([String])
        /// Nobody can connect any more, and why.
        case deaf(String)
    }

    typealias Stop = (reason: Reason, at: ContinuousClock.Instant)

    private let stops: AsyncStream<Stop>
    private let continuation: AsyncStream<Stop>.Continuation

    init() {
        (stops, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(1))
    }

    func stop(_ reason: Reason) { continuation.yield((reason, .now)) }

    /// Waits for the first reason, which may have come long before. To be called once.
    func first() async -> Stop {
        for await stop in stops { return stop }
        return (.requested, .now)  // The task was cancelled.
    }
}
