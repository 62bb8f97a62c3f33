internal import Synchronization

/// Whether the event loop gets round to what it is asked for. While it does not, nobody can report, though the writer and
/// its clock go on. Any thread; times are the monotonic clock's milliseconds.
package final class LoopWatch: Sendable {
    private struct State {
        var asked = 0
        /// Since when it has been asked for something and has come to nothing.
        var since: Int64 = 0
        var hasPaused = false
    }

    /// More means that it stood still.
    private let patience: Int64
    private let state = Mutex(State())

    package init(patience: Int64) { self.patience = patience }

    /// It is to do something.
    package func asked(at now: Int64) {
        state.withLock { state in
            if state.asked == 0 { state.since = now }
            state.asked += 1
        }
    }

    /// It has done that.
    package func answered(at now: Int64) {
        state.withLock { state in
            if now &- state.since > patience { state.hasPaused = true }
            state.asked -= 1
            state.since = now
        }
    }

    /// Whether it stood still at some time since the last call, or does so now.
    package func hasPaused(at now: Int64) -> Bool {
        state.withLock { state in
            defer { state.hasPaused = false }
            return state.hasPaused || (state.asked > 0 && now &- state.since > patience)
        }
    }
}
