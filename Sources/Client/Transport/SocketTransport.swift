internal import LifecycleCore
internal import LifecycleSystem
internal import Synchronization

/// One connection to the daemon, shared by all tasks of a client, made when first needed and again when it is lost.
///
/// A task writes its request itself; what several tasks write at one moment goes out in one system call. One thread
/// reads the answers, keeps the deadlines and connects (`SocketLoop`).
final class SocketTransport: Transport {
    typealias Instant = ContinuousClock.Instant
    typealias Calls = PendingCalls<Waiter>

    /// Who gets a call's outcome.
    struct Waiter: Sendable {
        /// Nil: the transport asks itself, for a lease.
        let task: CheckedContinuation<Result<JSONValue, ClientError>, Never>?
        /// What the outcome tells of a lease.
        let lease: LeaseCall?

        func resume(returning result: Result<JSONValue, ClientError>) { task?.resume(returning: result) }
    }

    struct State {
        var calls: PendingCalls<Waiter>
        var leases: HeldLeases
        var connection: Connection?
        var phase = Phase.idle
        /// The thread looks after its calls at this time at the latest, unless it is woken.
        var wakeAt: Instant?
        /// The thread was woken to write what is queued.
        var isWriterWoken = false
        /// Why the last try to connect failed; nil when connected, and when none was made yet.
        var outage: ConnectFailure?
        /// Who waits for the end of the thread.
        var closers: [CheckedContinuation<Void, Never>] = []
    }

    enum Phase {
        /// No call was made yet: there is no thread.
        case idle
        case running
        /// No further calls; the thread ends with the last one.
        case closing
        case closed
    }

    /// What has been written to a socket, and by whom.
    struct Connection {
        let socket: UnixSocket
        var outgoing: [UInt8] = []
        /// Bytes that the kernel may have taken.
        var handedOver = 0
        /// Somebody is writing: others leave their lines in `outgoing`.
        var isWriting = false
        /// The socket was full: the thread writes on when there is room.
        var waitsForRoom = false
    }

    /// Up to so many calls in flight a task writes its request itself, which is soonest; above, the thread does, which
    /// takes along what other tasks have queued until it comes to it.
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
        // Nothing is sent that nobody would wait for.
        guard !Task.isCancelled else { throw .cancelled(.notDone) }
        guard request.timeout > .zero else { throw .timedOut(.notDone, after: request.timeout) }
        let id = nextID()
        let lease = LeaseCall(request)
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { task in
                submit(request, id: id, Waiter(task: task, lease: lease))
                // The handler below may have run before there was anything to give up.
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
            guard state.connection != nil else {
                state.wakeAt = now
                return .wake
            }
            // Else the thread looks up in time by itself, and the call saves the system call that wakes it.
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

    /// Writes what waits until nothing does, or until the socket is full. The caller has begun writing.
    func write(to socket: UnixSocket) {
        while let bytes = state.withLock({ $0.takeOutgoing(for: socket) }) {
            var rest = bytes[...]
            while !rest.isEmpty {
                let transfer = socket.send(rest)
                // So that the thread meets the end, also of a peer that reads no more but does not hang up.
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
            // The next in the queue gets its place.
            guard let call = state.calls.remove(id) else { return (nil as Calls.Call?, nil as UnixSocket?, false) }
            if let lease = call.waiter.lease {
                _ = state.leases.settle(lease, .failure(.cancelled(call.outcome)), now: .now)
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
