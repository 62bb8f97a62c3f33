internal import Synchronization

/// Notices when the event loop stands still. No pipeline can report during that time, although the writer and its clock
/// continue. Any thread may call it. Times are milliseconds of the monotonic clock.
package final class LoopWatch: Sendable {
    private struct State {
        /// The number of requests to the event loop without an answer.
        var asked = 0
        /// The time of the last answer, or of the request after it.
        var since: Int64 = 0
        var hasPaused = false
    }

    /// If an answer takes longer, the event loop stood still.
    private let toleranceMilliseconds: Int64
    private let state = Mutex(State())

    package init(toleranceMilliseconds: Int64) { self.toleranceMilliseconds = toleranceMilliseconds }

    /// The event loop was asked to run something.
    package func asked(at now: Int64) {
        state.withLock { state in
            if state.asked == 0 { state.since = now }
            state.asked += 1
        }
    }

    /// The event loop has run it.
    package func answered(at now: Int64) {
        state.withLock { state in
            if now &- state.since > toleranceMilliseconds { state.hasPaused = true }
            state.asked -= 1
            state.since = now
        }
    }

    /// Whether the event loop stood still since the last call, or does now.
    package func hasPaused(at now: Int64) -> Bool {
        state.withLock { state in
            defer { state.hasPaused = false }
            return state.hasPaused || (state.asked > 0 && now &- state.since > toleranceMilliseconds)
        }
    }
}
