internal import Synchronization

/// Limits the log entries about refused connections: the first is logged at once, further ones once a minute with their
/// number. A refused client tries again, and must not fill the journal. Any thread may call it.
final class Refusals: Sendable {
    private static let interval = Duration.seconds(60)

    private let state = Mutex<(lastLogged: ContinuousClock.Instant?, count: Int)>((nil, 0))

    /// Counts one refusal.
    /// - Returns: the number to log now. `nil` if it is too early to log.
    func add(at now: ContinuousClock.Instant) -> Int? {
        state.withLock { state in
            state.count &+= 1
            if let last = state.lastLogged, now - last < Self.interval { return nil }
            defer { state = (now, 0) }
            return state.count
        }
    }
}
