internal import DequeModule
internal import LifecycleCore
internal import Synchronization

/// Holds back what tells of a commit until the commit is durable: answers, events, expiries, and reads that saw it.
/// The writer's thread moves it on; any thread may wait for it.
final class Durability: Sendable {
    /// Gets the error if it is unknown whether the commit will survive.
    typealias Completion = @Sendable (StorageError?) -> Void

    private struct State {
        /// The newest commit that a reader may see.
        var visible = CommitNumber.none
        var committed = CommitNumber.none
        var durable = CommitNumber.none
        var failure: StorageError?
        /// In the order of their commits.
        var waiting = Deque<(commit: CommitNumber, completion: Completion)>()

        mutating func takeReady() -> [Completion] {
            var ready: [Completion] = []
            while let first = waiting.first, first.commit <= durable {
                ready.append(first.completion)
                waiting.removeFirst()
            }
            return ready
        }
    }

    private let state = Mutex(State())

    /// The commit that has to be made durable; `nil` if all are.
    var pending: CommitNumber? { state.withLock { $0.durable < $0.committed ? $0.committed : nil } }

    /// Whether a reader may have seen a commit that is not durable.
    var isBehind: Bool { state.withLock { $0.durable < $0.visible } }

    // MARK: On the writer's thread

    /// A commit begins. A reader may see it from now on.
    func begin() { state.withLock { $0.visible = $0.committed.next } }

    /// The commit was rolled back. Nobody has to wait for it any more.
    func abandon() {
        let ready = state.withLock { state in
            state.visible = state.committed
            for index in state.waiting.indices where state.waiting[index].commit > state.committed {
                state.waiting[index].commit = state.committed
            }
            return state.takeReady()
        }
        for completion in ready { completion(nil) }
    }

    func note(_ commit: CommitNumber) {
        state.withLock { state in
            assert(state.committed < commit)
            state.committed = commit
            state.visible = commit
        }
    }

    /// This commit, and all before it, are durable.
    func reached(_ commit: CommitNumber) {
        let ready = state.withLock { state in
            assert(commit <= state.committed)
            state.durable = commit
            return state.takeReady()
        }
        for completion in ready { completion(nil) }
    }

    /// The newest commits may be lost. Nobody is told of them, and nothing is made durable any more.
    func fail(_ error: StorageError) {
        let lost = state.withLock { state in
            state.failure = error
            defer { state.waiting = [] }
            return state.waiting
        }
        for (_, completion) in lost { completion(error) }
    }

    // MARK: On any thread

    /// Calls back when everything that a reader may have seen until now is durable: at once, or later on the writer's
    /// thread.
    func whenDurable(_ completion: @escaping Completion) {
        let (isReady, failure) = state.withLock { state -> (Bool, StorageError?) in
            if state.durable >= state.visible { return (true, nil) }
            if let failure = state.failure { return (true, failure) }
            state.waiting.append((state.visible, completion))
            return (false, nil)
        }
        if isReady { completion(failure) }
    }
}
