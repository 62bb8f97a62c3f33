internal import Glibc
internal import LifecycleCore
internal import Synchronization

/// Answers with a daemon of its own in this process.
final class InProcessTransport: Transport {
    let daemon: InProcessDaemon
    private let closed = Atomic(false)

    init(_ clock: ManualClock) {
        // As whoever runs the tests, with every role.
        let caller = Caller(uid: getuid(), gid: getgid(), pid: getpid(), roles: Set(Role.allCases))
        daemon = InProcessDaemon(clock: { clock.now }, caller: caller)
        clock.observe { [weak daemon] in daemon?.clockMoved() }
    }

    func send(_ request: OutgoingRequest) async throws(ClientError) -> JSONValue {
        guard !isClosed else { throw .closed(.notDone) }
        guard !Task.isCancelled else { throw .cancelled(.notDone) }
        do throws(RPCError) {
            return try daemon.answer(request.method, params: request.params)
        } catch {
            throw .refused(error)
        }
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

extension LifecycleClient {
    /// A client with a daemon of its own inside of this process, for tests: the same methods, rules and errors over a
    /// ledger in memory, as a caller who may do everything. What it knows goes with it.
    ///
    /// - Parameter clock: The daemon's clock. Move it, and what is due is failed and refunded before the next call.
    public static func inProcess(clock: ManualClock = ManualClock()) -> LifecycleClient {
        let configuration = ClientConfiguration(socketPath: "")
        return LifecycleClient(configuration, ClientTelemetry(configuration.logger), InProcessTransport(clock))
    }
}
