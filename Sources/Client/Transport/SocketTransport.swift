internal import LifecycleCore
internal import LifecycleSystem
internal import Synchronization

/// One connection to the daemon for all tasks of a client. It is made when it is needed first, and again after it is
/// lost.
///
/// A task writes its request itself. Requests that several tasks make at the same moment go out in one system call. One
/// thread connects, reads the answers and checks the deadlines (`SocketLoop`).
final class SocketTransport: Transport {
    typealias Instant = ContinuousClock.Instant
    typealias Calls = PendingCalls<Waiter>

    /// Gets the outcome of a call.
    struct Waiter: Sendable {
        /// `nil` if the transport made the call, for a lease.
        let task: CheckedContinuation<Result<JSONValue, ClientError>, Never>?
        /// The lease that the outcome concerns.
        let lease: LeaseCall?

        func resume(returning result: Result<JSONValue, ClientError>) { task?.resume(returning: result) }
    }

    struct State {
        var calls: PendingCalls<Waiter>
        var leases: HeldLeases
        var connection: Connection?
        var phase = Phase.idle
        /// The thread checks the calls at this time at the latest.
        var wakeAt: Instant?
        /// The thread was woken to write the queued lines.
        var isWriterWoken = false
        /// Why the last try to connect failed. `nil` if it succeeded, or if there was none yet.
        var outage: ConnectFailure?
        /// The tasks that wait for the end of the thread.
        var closers: [CheckedContinuation<Void, Never>] = []
    }

    enum Phase {
        /// There was no call yet, so there is no thread.
        case idle
        case running
        /// New calls are refused. The thread ends after the last call.
        case closing
        case closed
    }

    /// A socket and the bytes that are to be written to it.
    struct Connection {
        let socket: UnixSocket
        var outgoing: [UInt8] = []
        /// The number of bytes that the kernel may have taken.
        var handedOver = 0
        /// A task or the thread is writing. Others add their lines to `outgoing`.
        var isWriting = false
        /// The socket is full. The thread continues when it can take bytes again.
        var waitsForRoom = false
    }

    /// With fewer calls in flight, a task writes its request itself, which has the lowest latency. With more, the
    /// thread writes, and combines the requests of several tasks.
    private static let fewInFlight = 4

    let configuration: ClientConfiguration
    let state: Mutex<State>
    let telemetry: ClientTelemetry
    private let watches: WatchThread
    private let wakePipe = Mutex<WakePipe?>(nil)
    private let lastID = Atomic<Int64>(0)

    func nextID() -> Int64 { lastID.add(1, ordering: .relaxed).newValue }

    init(_ configuration: ClientConfiguration, _ telemetry: ClientTelemetry) {
        self.configuration = configuration
        self.telemetry = telemetry
        watches = WatchThread(configuration, telemetry)
        state = Mutex(
            State(
                calls: PendingCalls(maximumInFlight: configuration.maximumInFlight),
                leases: HeldLeases(idleTimeout: configuration.idleTimeout.asTimeout)))
    }

    func send(_ request: OutgoingRequest) async throws(ClientError) -> JSONValue {
        // Do not send a request if nobody would wait for its answer.
        guard !Task.isCancelled else { throw .cancelled(.notDone) }
        guard request.timeout > .zero else { throw .timedOut(.notDone, after: request.timeout) }
        let id = nextID()
        let lease = LeaseCall(request)
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { task in
                submit(request, id: id, Waiter(task: task, lease: lease))
                // The cancellation handler below may have run before the call was submitted.
                if Task.isCancelled { giveUp(id) }
            }
        } onCancel: {
            giveUp(id)
        }
        return try result.get()
    }

    func watch(_ request: Watch, _ onBegin: BeginHandler?) -> any EventSource { watches.begin(request, onBegin) }

    private func submit(_ request: OutgoingRequest, id: Int64, _ waiter: Waiter) {
        let now = Instant.now
        let call = call(request, id: id, waiter, now)
        enum Next {
            case refuse(ClientError)
            case write(UnixSocket)
            case wake
            case nothing
        }
        let next = state.withLock { state -> Next in
            do throws(ClientError) { try start(&state) } catch { return .refuse(error) }
            state.calls.add(call, id: id)
            if let lease = waiter.lease { state.leases.begin(lease) }
            guard state.connection != nil else {
                state.wakeAt = now
                return .wake
            }
            // The thread must be woken only if this deadline is before its next check.
            let isEarly = state.wakeAt.map { call.deadline < $0 } ?? true
            if isEarly { state.wakeAt = call.deadline }
            if state.calls.inFlight >= Self.fewInFlight {
                defer { state.isWriterWoken = true }
                return isEarly || !state.isWriterWoken ? .wake : .nothing
            }
            guard let socket = state.beginWriting() else { return isEarly ? .wake : .nothing }
            if isEarly { wake() }
            return .write(socket)
        }
        switch next {
        case .refuse(let error): waiter.resume(returning: .failure(error))
        case .write(let socket): write(to: socket)
        case .wake: wake()
        case .nothing: break
        }
    }

    func call(_ request: OutgoingRequest, id: Int64, _ waiter: Waiter, _ now: Instant) -> Calls.Call {
        let connectTimeout = configuration.connectTimeout.asTimeout
        return PendingCalls.Call(
            line: request.line(id: id), isRepeatable: request.isRepeatable, waiter: waiter, timeout: request.timeout,
            deadline: now + request.timeout, connectTimeout: connectTimeout, connectBy: now + connectTimeout)
    }

    private func start(_ state: inout State) throws(ClientError) {
        switch state.phase {
        case .running: return
        case .closing, .closed: throw .closed(.notDone)
        case .idle: break
        }
        do throws(SystemCallError) {
            let pipe = try WakePipe()
            wakePipe.withLock { $0 = pipe }
            try SystemThread.start {
                var loop = SocketLoop(self, pipe)
                loop.run()
            }
        } catch {
            throw .unreachable(ConnectFailure(path: configuration.socketPath, code: error.code), .notDone)
        }
        state.phase = .running
    }

    func wake() { wakePipe.withLock { $0?.sendByte() } }

    /// Writes until there is nothing more to write, or until the socket is full. The caller has called `beginWriting`.
    func write(to socket: UnixSocket) {
        while let bytes = state.withLock({ $0.takeOutgoing(for: socket) }) {
            var rest = bytes[...]
            while !rest.isEmpty {
                let transfer = socket.send(rest)
                // The thread then reads the end of the stream, also if the peer has not closed its side.
                if case .ended = transfer { socket.shutDown() }
                guard case .done(let count) = transfer else { break }
                rest = rest.dropFirst(count)
            }
            if rest.isEmpty { continue }
            state.withLock { $0.putBack(rest, for: socket) }
            wake()
            return
        }
    }

    private func giveUp(_ id: Int64) {
        let (call, next, isWaitedFor) = state.withLock { state in
            // The next call in the queue takes its place.
            guard let call = state.calls.remove(id) else { return (nil as Calls.Call?, nil as UnixSocket?, false) }
            if let lease = call.waiter.lease {
                _ = state.leases.take(lease, .failure(.cancelled(call.outcome)), now: .now)
                state.wakeAt = .now
            }
            return (call, state.beginWriting(), state.phase == .closing && state.calls.isEmpty)
        }
        guard let call else { return }
        call.waiter.resume(returning: .failure(.cancelled(call.outcome)))
        if let next { write(to: next) }
        if isWaitedFor || call.waiter.lease != nil { wake() }
    }

    func close() async {
        watches.close()
        await withCheckedContinuation { closer in
            let isOver = state.withLock { state in
                if state.phase == .idle || state.phase == .closed {
                    state.phase = .closed
                    return true
                }
                state.phase = .closing
                state.wakeAt = .now
                _ = state.calls.removeAll { $0.task == nil }
                state.closers.append(closer)
                return false
            }
            if isOver { closer.resume() } else { wake() }
        }
    }

    func abandon() {
        watches.close()
        let calls = state.withLock { state in
            if state.phase == .idle { state.phase = .closed }
            if state.phase == .running { state.phase = .closing }
            state.wakeAt = .now
            return state.calls.removeAll { _ in true }
        }
        for call in calls { call.waiter.resume(returning: .failure(.closed(call.outcome))) }
        wake()
    }
}
