internal import LifecycleCore

/// Why the daemon stops. The first reason counts. Any thread may call it.
struct StopSignal: Sendable {
    enum Reason: Sendable {
        /// A signal asked for it.
        case requested
        /// There is no connection and no unfinished project.
        case idle
        case failed(StorageError)
        case inconsistent([String])
        /// No caller can connect any more, for this reason.
        case listenerLost(String)
    }

    typealias Stop = (reason: Reason, at: ContinuousClock.Instant)

    private let stops: AsyncStream<Stop>
    private let continuation: AsyncStream<Stop>.Continuation

    init() {
        (stops, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(1))
    }

    func stop(_ reason: Reason) { continuation.yield((reason, .now)) }

    /// Waits for the first reason, which may have come already. Must be called only once.
    func first() async -> Stop {
        for await stop in stops { return stop }
        return (.requested, .now)  // The task was cancelled.
    }
}
