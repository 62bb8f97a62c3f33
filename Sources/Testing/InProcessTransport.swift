internal import LifecycleClient
internal import LifecycleCore
internal import Synchronization

/// Sends the requests of one client to a daemon in this process.
final class InProcessTransport: Transport {
    let daemon: InProcessDaemon
    private let closed = Atomic(false)

    init(_ daemon: InProcessDaemon) { self.daemon = daemon }

    func send(_ request: OutgoingRequest) async throws(ClientError) -> JSONValue {
        guard !isClosed else { throw .closed(.notDone) }
        guard !Task.isCancelled else { throw .cancelled(.notDone) }
        return try daemon.answer(request.method, params: request.params)
    }

    func watch(_ request: Watch, _ onBegin: BeginHandler?) -> any EventSource {
        InProcessWatch(request, onBegin, self)
    }

    var isClosed: Bool { closed.load(ordering: .acquiring) }

    func close() async { abandon() }

    func abandon() {
        closed.store(true, ordering: .releasing)
        daemon.wakeWaiters(all: true)
    }
}
