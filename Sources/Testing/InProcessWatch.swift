internal import DequeModule
internal import LifecycleClient
internal import LifecycleCore
internal import Synchronization

/// A watch of the daemon in this process. It reads events from the ledger, and waits if there is none.
final class InProcessWatch: EventSource {
    private struct State {
        /// The last event that was read; `nil` before the watch has begun.
        var position: Int64?
        var events = Deque<Event>()
        var isCancelled = false
    }

    private static let pageLimit = 256

    private let request: Watch
    private let onBegin: BeginHandler?
    private let transport: InProcessTransport
    private let state = Mutex(State())

    init(_ request: Watch, _ onBegin: BeginHandler?, _ transport: InProcessTransport) {
        self.request = request
        self.onBegin = onBegin
        self.transport = transport
    }

    private var daemon: InProcessDaemon { transport.daemon }

    func next() async throws(ClientError) -> Event? {
        while !isEnded {
            if let event = state.withLock({ $0.events.popFirst() }) { return event }
            let position = try begin()
            let (events, end) = try page(after: position)
            state.withLock { state in
                state.events += events
                state.position = end
            }
            if events.isEmpty { await waitForEvent(after: end) }
        }
        return nil
    }

    private var isEnded: Bool { Task.isCancelled || transport.isClosed || state.withLock { $0.isCancelled } }

    /// As over the socket, the request is checked, and its answer says where the watch begins.
    private func begin() throws(ClientError) -> Int64 {
        if let position = state.withLock({ $0.position }) { return position }
        var params = JSONWriter()
        request.write(to: &params)
        let newest = try daemon.answer(Watch.name, params: params.take())["seq"]?.integer ?? 0
        let position = request.fromSeq ?? newest
        state.withLock { $0.position = position }
        onBegin?(newest)
        return position
    }

    private func page(after seq: Int64) throws(ClientError) -> (events: [Event], end: Int64) {
        let filter = EventFilter(userId: request.userId, projectId: request.projectId)
        do throws(RPCError) {
            return try daemon.events(filter, after: seq, limit: Self.pageLimit)
        } catch {
            throw .refused(error)
        }
    }

    private func waitForEvent(after seq: Int64) async {
        await withTaskCancellationHandler {
            await daemon.waitForEvent(after: seq, unless: { isEnded })
        } onCancel: {
            daemon.wakeWaiters(all: true)
        }
    }

    func cancel() {
        state.withLock { $0.isCancelled = true }
        daemon.wakeWaiters(all: true)
    }
}
