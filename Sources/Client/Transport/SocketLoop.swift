internal import Glibc
internal import LifecycleCore
internal import LifecycleSystem
internal import LifecycleWire
internal import NIOCore
internal import Synchronization

/// The thread of a `SocketTransport`. It connects, reads the answers and checks the deadlines.
struct SocketLoop {
    typealias Instant = ContinuousClock.Instant
    private typealias Calls = PendingCalls<SocketTransport.Waiter>

    private let transport: SocketTransport
    private let pipe: WakePipe
    private var framer: LineFramer
    private let idleTimeout: Duration
    private var chunk = [UInt8](repeating: 0, count: 65_536)
    /// The number of failed tries to connect, and of connections without a good answer, since the last good answer.
    private var failures = 0
    /// A call was answered on this connection.
    private var hadGoodAnswer = false
    private var nextAttempt = Instant.now
    private var lastUse = Instant.now

    init(_ transport: SocketTransport, _ pipe: WakePipe) {
        self.transport = transport
        self.pipe = pipe
        idleTimeout = transport.configuration.idleTimeout.asTimeout
        framer = LineFramer(maximumLineBytes: transport.configuration.maximumReplyBytes)
    }

    /// Returns after the transport was closed and the last call has its outcome.
    mutating func run() {
        SystemThread.setName("lifecycle-rpc")
        while true {
            connectIfNeeded()
            guard let (socket, waitsForRoom, wakeAt) = checkCalls() else { break }
            let ready = pipe.wait(until: wakeAt, or: socket?.descriptor, isWritable: waitsForRoom)
            guard let socket else { continue }
            if ready.isWritable { writeOn(hasRoom: true) }
            if ready.isReadable { read(from: socket) }
        }
        let (closers, leases) = transport.state.withLock { state in
            state.connection = nil
            state.phase = .closed
            return (state.closers, state.leases.count)
        }
        if leases > 0 { transport.telemetry.closed(holding: leases) }
        for closer in closers { closer.resume() }
    }

    // MARK: Connecting

    private mutating func connectIfNeeded() {
        let isNeeded = transport.state.withLock { $0.connection == nil && !$0.calls.isEmpty }
        guard isNeeded, Instant.now >= nextAttempt else { return }
        do throws(ConnectFailure) {
            let socket = try UnixSocket(connectingTo: transport.configuration.socketPath)
            framer = LineFramer(maximumLineBytes: transport.configuration.maximumReplyBytes)
            lastUse = .now
            hadGoodAnswer = false
            transport.telemetry.connected()
            transport.state.withLock { state in
                state.connection = SocketTransport.Connection(socket: socket)
                state.calls.connectionStarted()
                state.outage = nil
                state.wakeAt = .now
            }
            writeOn()
        } catch {
            transport.telemetry.cannotConnect(error)
            backOff()
            transport.state.withLock { state in
                state.outage = error
                state.wakeAt = .now
            }
        }
    }

    private mutating func backOff() {
        failures += 1
        nextAttempt = .now + Backoff.delay(after: failures)
    }

    private mutating func disconnect(_ end: Calls.End) {
        transport.telemetry.disconnected(end.reason)
        if case .lost = end, hadGoodAnswer { nextAttempt = .now } else { backOff() }
        let (failures, lost) = transport.state.withLock { state in
            let failures = state.calls.connectionEnded(
                end, handedOver: state.connection?.handedOver ?? 0, now: .now)
            state.connection = nil
            state.wakeAt = .now
            note(failures, in: &state)
            state.leases.connectionEnded(.now)
            return (failures, state.leases.count)
        }
        if lost > 0 { transport.telemetry.lost(leases: lost) }
        fail(failures)
    }

    // MARK: Deadlines

    /// Fails calls that have timed out, and sets the time of the next check. `nil`: the thread must end.
    private mutating func checkCalls() -> (UnixSocket?, waitsForRoom: Bool, wakeAt: Instant?)? {
        let now = Instant.now
        var overdue: [Calls.Failure] = []
        let next = transport.state.withLock { state -> (UnixSocket?, Bool, Instant?)? in
            if state.wakeAt.map({ $0 <= now }) ?? true {
                overdue = state.calls.advance(to: now, outage: state.outage)
                note(overdue, in: &state)
                askAboutLeases(&state, now)
                if state.isIdle, now - lastUse >= idleTimeout { state.connection = nil }
                state.wakeAt = nextCheck(state)
            }
            if state.calls.isEmpty {
                nextAttempt = now
                if state.phase != .running { return nil }
                // `wakeAt` may still be the deadline of a call that was answered, which is later.
                let end = lastUse + idleTimeout
                if state.isIdle, state.connection != nil { state.wakeAt = min(state.wakeAt ?? end, end) }
            }
            return (state.connection?.socket, state.connection?.waitsForRoom == true, state.wakeAt)
        }
        fail(overdue)
        if next?.0 != nil { writeOn() }
        return next
    }

    private func nextCheck(_ state: SocketTransport.State) -> Instant? {
        if state.isIdle { return state.connection == nil ? nil : lastUse + idleTimeout }
        let event = state.calls.nextEvent(isOut: state.outage != nil)
        let request = state.phase == .running ? state.leases.nextRequest : nil
        guard let next = [event, request].compactMap(\.self).min() else { return nil }
        return state.connection == nil && event != nil ? min(next, nextAttempt) : next
    }

    // MARK: Leases

    /// Queues the requests about leases that are due now. They are sent before all other calls, because the daemon
    /// fails a project within seconds if its lease is not attached to a connection again.
    private func askAboutLeases(_ state: inout SocketTransport.State, _ now: Instant) {
        guard state.phase == .running else { return }
        for lease in state.leases.takeDue(now).reversed() {
            let request = lease.request(timeout: transport.configuration.callTimeout)
            let id = transport.nextID()
            let waiter = SocketTransport.Waiter(task: nil, lease: lease)
            state.calls.add(transport.call(request, id: id, waiter, now), id: id, isFirst: true)
        }
    }

    private func note(_ failures: [Calls.Failure], in state: inout SocketTransport.State) {
        for (waiter, error) in failures {
            guard let lease = waiter.lease else { continue }
            _ = state.leases.take(lease, .failure(error), now: .now)
            if waiter.task == nil { transport.telemetry.cannotAsk(error) }
        }
    }

    private func fail(_ failures: [Calls.Failure]) {
        for (waiter, error) in failures { waiter.resume(returning: .failure(error)) }
    }

    // MARK: Transfer

    /// - Parameter hasRoom: the socket was full, and can take bytes again.
    private func writeOn(hasRoom: Bool = false) {
        let socket = transport.state.withLock { state in
            if hasRoom { state.connection?.waitsForRoom = false }
            state.isWriterWoken = false
            return state.beginWriting()
        }
        if let socket { transport.write(to: socket) }
    }

    private mutating func read(from socket: UnixSocket) {
        switch socket.receive(into: &chunk) {
        case .wouldBlock: return
        case .ended(let code):
            let reason = code == 0 ? "the daemon closed it" : String(cString: strerror(code))
            disconnect(.lost(reason))
        case .done(let count):
            lastUse = .now
            var bytes = ByteBuffer(bytes: chunk[..<count])
            framer.append(&bytes)
            var lines: [ReplyLine] = []
            while let frame = framer.next() {
                switch frame {
                case .line(let line): lines.append(ReplyLine(line))
                case .tooLong:
                    lines.append(.garbage("a reply of more than \(transport.configuration.maximumReplyBytes) bytes"))
                }
            }
            deliver(lines)
            writeOn()
        }
    }

    /// Passes each answer to the task that waits for it.
    private mutating func deliver(_ lines: [ReplyLine]) {
        var answers: [(SocketTransport.Waiter, Result<JSONValue, ClientError>)] = []
        var end: Calls.End?
        var ended = 0
        transport.state.withLock { state in
            for line in lines where end == nil {
                switch line {
                case .answer(let id, .failure(let error)) where error.kind == .busy:
                    state.calls.postpone(id, error, now: .now)
                    state.wakeAt = .now
                case .answer(let id, let result):
                    // Nobody waits if the task was cancelled or the call has timed out.
                    guard let call = state.calls.remove(id) else { continue }
                    failures = 0
                    hadGoodAnswer = true
                    let outcome: Result<JSONValue, ClientError> = result.mapError {
                        .refused($0, mayHaveArrived: call.mayHaveArrived)
                    }
                    if let lease = call.waiter.lease {
                        if state.leases.take(lease, outcome, now: .now), call.waiter.task == nil { ended += 1 }
                        state.wakeAt = .now
                    }
                    if case .success(let answer) = outcome { state.leases.note(answer) }
                    answers.append((call.waiter, outcome))
                case .complaint(let error) where error.kind == .busy:
                    end = hadGoodAnswer ? .lost("the daemon is busy") : .refused("the daemon is busy")
                // Without its message, because the reason is logged and a message may contain anything.
                case .complaint(let error): end = .garbage("error \(error.kind.code), which answers no request")
                case .garbage(let reason): end = .garbage(reason)
                }
            }
        }
        for (waiter, result) in answers {
            if waiter.task == nil, case .failure(let error) = result { transport.telemetry.cannotAsk(error) }
            waiter.resume(returning: result)
        }
        if ended > 0 { transport.telemetry.ended(leases: ended) }
        if let end { disconnect(end) }
    }
}

extension PendingCalls.End {
    var reason: String {
        switch self {
        case .lost(let reason), .garbage(let reason), .refused(let reason): reason
        }
    }
}
