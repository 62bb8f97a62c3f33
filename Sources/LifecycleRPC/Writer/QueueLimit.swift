internal import LifecycleCore
internal import Synchronization

/// How many writes may wait, and whether any may still come. Any thread.
final class QueueLimit: Sendable {
    private struct State {
        var waiting = 0
        var isOpen = true
    }

    private let state = Mutex(State())
    private let most: Int

    init(_ most: Int) { self.most = most }

    /// Writes that wait, those of the commit group that is being written among them.
    var waiting: Int { state.withLock { $0.waiting } }

    /// - Returns: how many of these writes may wait, and the error for the others.
    func admit(_ count: Int) -> (accepted: Int, refusal: RPCError) {
        state.withLock { state in
            guard state.isOpen else { return (0, .stopping) }
            // Writes of the daemon itself may have filled the queue beyond the limit.
            let accepted = max(0, min(count, most - state.waiting))
            state.waiting += accepted
            return (accepted, .busy("Too many writes wait for the disk."))
        }
    }

    /// A write of the daemon itself waits, which no limit refuses.
    func admitOwn() { state.withLock { $0.waiting += 1 } }

    /// These writes are answered.
    func release(_ count: Int) {
        state.withLock { state in
            assert(count <= state.waiting)
            state.waiting -= count
        }
    }

    func close() { state.withLock { $0.isOpen = false } }
}
