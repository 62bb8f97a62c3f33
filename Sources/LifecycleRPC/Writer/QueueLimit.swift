internal import LifecycleCore
internal import Synchronization

/// Limits how many writes may wait, and refuses all of them after a close. May be used on any thread.
final class QueueLimit: Sendable {
    private struct State {
        var waiting = 0
        var isOpen = true
    }

    private let state = Mutex(State())
    private let most: Int

    init(_ most: Int) { self.most = most }

    /// The number of writes that wait, including those of the commit group that is being written.
    var waiting: Int { state.withLock { $0.waiting } }

    /// - Returns: how many of these writes may wait, and the error for the others.
    func admit(_ count: Int) -> (accepted: Int, refusal: RPCError) {
        state.withLock { state in
            guard state.isOpen else { return (0, .stopping) }
            // The daemon's own writes may have filled the queue beyond the limit.
            let accepted = max(0, min(count, most - state.waiting))
            state.waiting += accepted
            return (accepted, .busy("Too many writes wait for the disk."))
        }
    }

    /// Counts one of the daemon's own writes, which are never refused.
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
