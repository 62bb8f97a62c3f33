internal import LifecycleCore
internal import Synchronization

/// The requests of watches.
extension InProcessDaemon {
    /// The matching events after `seq`, and the number up to which no further event matches.
    func events(
        _ filter: EventFilter, after seq: Int64, limit: Int
    ) throws(RPCError) -> (events: [Event], end: Int64) {
        let now = clock.now
        return try state.withLock { state throws(RPCError) in
            try state.ledger.read(at: now) { store throws(RPCError) in
                let events = try store.events(filter, after: seq, limit: limit)
                return (events, events.count < limit ? max(seq, try store.newestSeq()) : events.last?.seq ?? seq)
            }
        }
    }

    /// Waits until there is an event after this one, or until a call of `wakeWaiters`.
    /// - Parameter isEnded: called once when it waits. If it returns true, the wait ends at once.
    func waitForEvent(after seq: Int64, unless isEnded: () -> Bool) async {
        await withCheckedContinuation { waiter in
            state.withLock { $0.waiters.append((seq, waiter)) }
            wakeWaiters(all: isEnded())
        }
    }

    /// Wakes watches: all of them, or those with a new event.
    func wakeWaiters(all: Bool = false) {
        let woken = state.withLock { state in
            guard !state.waiters.isEmpty else { return [] as [CheckedContinuation<Void, Never>] }
            let newest = state.ledger.newestEvent
            let woken = state.waiters.filter { all || $0.after < newest }
            if !woken.isEmpty { state.waiters.removeAll { all || $0.after < newest } }
            return woken.map(\.waiter)
        }
        for waiter in woken { waiter.resume() }
    }

    /// The clock was moved. Watches see at once what is due now.
    func clockMoved() {
        let context = context
        state.withLock { state in
            if !state.waiters.isEmpty { try? state.ledger.settle(context) }
        }
        wakeWaiters()
    }
}
