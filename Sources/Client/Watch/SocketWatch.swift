internal import DequeModule
internal import LifecycleCore
internal import Synchronization

/// The queue of events between the thread that reads a watch's socket (`WatchThread`) and the task that takes them.
final class SocketWatch: EventSource {
    typealias Waiter = CheckedContinuation<Result<Event?, ClientError>, Never>

    private struct State {
        var events = Deque<Event>()
        var waiter: Waiter?
        /// The end of the watch, after `events`. `nil` while more events can come.
        var end: Result<Event?, ClientError>?
        /// The thread does not read until there is room.
        var isPaused = false
    }

    /// The thread reads only while fewer events wait. One read can add several hundred more.
    private static let capacity = 256

    let request: Watch
    let onBegin: BeginHandler?
    private let thread: WatchThread
    private let state = Mutex(State())

    init(_ request: Watch, _ onBegin: BeginHandler?, _ thread: WatchThread) {
        self.request = request
        self.onBegin = onBegin
        self.thread = thread
    }

    // MARK: The task

    func next() async throws(ClientError) -> Event? {
        guard !Task.isCancelled else {
            cancel()
            return nil
        }
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { waiter in
                wait(waiter)
                // The cancellation handler below may have run before the task waited.
                if Task.isCancelled { cancel() }
            }
        } onCancel: {
            cancel()
        }
        return try result.get()
    }

    private func wait(_ waiter: Waiter) {
        let (result, hasRoom) = state.withLock { state -> (Result<Event?, ClientError>?, Bool) in
            guard let event = state.events.popFirst() else {
                if state.end == nil { state.waiter = waiter }
                return (state.end, false)
            }
            let hasRoom = state.isPaused && state.events.count < Self.capacity / 2
            if hasRoom { state.isPaused = false }
            return (.success(event), hasRoom)
        }
        if let result { waiter.resume(returning: result) }
        if hasRoom { thread.wake() }
    }

    func cancel() {
        if finish(.success(nil), dropsEvents: true) { thread.wake() }
    }

    // MARK: The thread

    var isEnded: Bool { state.withLock { $0.end != nil } }

    /// Whether the thread may read now. If not, it is woken when it may.
    func hasRoom() -> Bool {
        state.withLock { state in
            state.isPaused = state.events.count >= Self.capacity
            return !state.isPaused
        }
    }

    func add(_ events: [Event]) {
        let (waiter, first) = state.withLock { state -> (Waiter?, Event?) in
            guard state.end == nil else { return (nil, nil) }
            state.events += events
            guard let waiter = state.waiter, let first = state.events.popFirst() else { return (nil, nil) }
            state.waiter = nil
            return (waiter, first)
        }
        waiter?.resume(returning: .success(first))
    }

    /// Ends the watch. Only the first end counts.
    /// - Returns: whether this was the first.
    @discardableResult
    func finish(_ end: Result<Event?, ClientError>, dropsEvents: Bool = false) -> Bool {
        let (isFirst, waiter) = state.withLock { state -> (Bool, Waiter?) in
            if dropsEvents { state.events = [] }
            guard state.end == nil else { return (false, nil) }
            state.end = end
            defer { state.waiter = nil }
            return (true, state.waiter)
        }
        waiter?.resume(returning: end)
        return isFirst
    }
}
