internal import Synchronization

/// Says how often refused connections are logged: at once, and then once a minute however many there are. Whoever is
/// refused tries again, and must not fill the journal with it. Any thread.
final class Refusals: Sendable {
    private static let interval = Duration.seconds(60)

    private let state = Mutex<(lastTold: ContinuousClock.Instant?, untold: Int)>((nil, 0))

    /// Counts one.
    /// - Returns: how many are to be told of now; nil when it is not yet time.
    func add(at now: ContinuousClock.Instant) -> Int? {
        state.withLock { state in
            state.untold &+= 1
            if let last = state.lastTold, now - last < Self.interval { return nil }
            defer { state = (now, 0) }
            return state.untold
        }
    }
}
