internal import LifecycleCore
internal import Synchronization

/// What those who watch ask.
extension InProcessDaemon {
    /// Events after one, and up to which they are all that match.
    func events(_ filter: EventFilter, after seq: Int64, limit: Int) -> (events: [Event], end: Int64) {
        state.withLock { state in
            let events = state.store.events(filter, after: seq, limit: limit)
            let newest = Int64(state.store.events.count)
            return (events, events.count < limit ? max(seq, newest) : events.last?.seq ?? seq)
        }
    }

    /// Waits until there is an event after this one, or until `wakeWaiters`.
    /// - Parameter isEnded: asked once it waits: then nobody is left to wait.
    func waitForEvent(after seq: Int64, unless isEnded: () -> Bool) async {
        await withCheckedContinuation { waiter in
            state.withLock { $0.waiters.append((seq, waiter)) }
            wakeWaiters(all: isEnded())
        }
    }

    /// Has those who wait look again: if there is something, or all.
    func wakeWaiters(all: Bool = false) {
        let woken = state.withLock { state in
            let newest = Int64(state.store.events.count)
            let woken = state.waiters.filter { all || $0.after < newest }
            if !woken.isEmpty { state.waiters.removeAll { all || $0.after < newest } }
            return woken
        }
        for (_, waiter) in woken { waiter.resume() }
    }

    /// The clock was moved: who waits for events sees at once what has run out.
    func clockMoved() {
        let context = context
        state.withLock { state in
            if !state.waiters.isEmpty { try? Self.sweep(&state, context) }
        }
        wakeWaiters()
    }
}
