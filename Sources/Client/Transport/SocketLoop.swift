internal import Glibc
internal import LifecycleCore
internal import LifecycleSystem
internal import LifecycleWire
internal import NIOCore
internal import Synchronization

/// The thread of a `SocketTransport`: it connects, reads the answers and keeps the deadlines.
struct SocketLoop {
    typealias Instant = ContinuousClock.Instant
    private typealias Calls = PendingCalls<SocketTransport.Waiter>

    private let transport: SocketTransport
    private let pipe: WakePipe
    private var framer: LineFramer
    private let idleTimeout: Duration
    private var chunk = [UInt8](repeating: 0, count: 65_536)
    /// Tries to connect that failed, and connections that ended without one good answer, since the last good answer.
    private var failures = 0
    /// This connection answered a call.
    private var hadGoodAnswer = false
    private var nextAttempt = Instant.now
    private var lastUse = Instant.now

    init(_ transport: SocketTransport, _ pipe: WakePipe) {
        self.transport = transport
        self.pipe = pipe
        idleTimeout = transport.configuration.idleTimeout.asTimeout
        framer = LineFramer(maximumLineBytes: transport.configuration.maximumReplyBytes)
    }

    /// Returns when the transport was closed and no call is left.
    mutating func run() {
        SystemThread.setName("lifecycle-rpc")
        while true {
            connectIfNeeded()
            guard let (socket, waitsForRoom, wakeAt) = lookAfterCalls() else { break }
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

    /// Fails what is overdue and sets the time of the next look; nil when the thread is to end.
    private mutating func lookAfterCalls() -> (UnixSocket?, waitsForRoom: Bool, wakeAt: Instant?)? {
        let now = Instant.now
        var overdue: [Calls.Failure] = []
        let next = transport.state.withLock { state -> (UnixSocket?, Bool, Instant?)? in
            if state.wakeAt.map({ $0 <= now }) ?? true {
                overdue = state.calls.advance(to: now, outage: state.outage)
                note(overdue, in: &state)
                askAboutLeases(&state, now)
                if state.isIdle, now - lastUse >= idleTimeout { state.connection = nil }
                state.wakeAt = nextLook(state)
            }
            // What was postponed may be queued now.
            if state.calls.isEmpty {
                nextAttempt = now
                if state.phase != .running { return nil }
                // The deadline of a call that was answered may be later.
                let end = lastUse + idleTimeout
                if state.isIdle, state.connection != nil { state.wakeAt = min(state.wakeAt ?? end, end) }
            }
            return (state.connection?.socket, state.connection?.waitsForRoom == true, state.wakeAt)
        }
        fail(overdue)
        if next?.0 != nil { writeOn() }
        return next
    }

    private func nextLook(_ state: SocketTransport.State) -> Instant? {
        if state.isIdle { return state.connection == nil ? nil : lastUse + idleTimeout }
        let event = state.calls.nextEvent(isOut: state.outage != nil)
        let question = state.phase == .running ? state.leases.nextQuestion : nil
        guard let next = [event, question].compactMap(\.self).min() else { return nil }
        return state.connection == nil && event != nil ? min(next, nextAttempt) : next
    }

    // MARK: Leases

    /// Asks for each lease what is to be asked now. First of all that waits: the daemon fails in seconds what is not
    /// tied again to a connection.
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
            _ = state.leases.settle(lease, .failure(error), now: .now)
            if waiter.task == nil { transport.telemetry.cannotAsk(error) }
        }
    }

    private func fail(_ failures: [Calls.Failure]) {
        for (waiter, error) in failures { waiter.resume(returning: .failure(error)) }
    }

    // MARK: Transfer

    /// - Parameter hasRoom: the socket was full, and is no more.
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
            settle(lines)
            writeOn()
        }
    }

    /// Gives each answer to who waits for it.
    private mutating func settle(_ lines: [ReplyLine]) {
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
                    // Nobody waits any more when the task was cancelled or its time was over.
                    guard let call = state.calls.remove(id) else { continue }
                    failures = 0
                    hadGoodAnswer = true
                    let outcome: Result<JSONValue, ClientError> = result.mapError {
                        .refused($0, mayHaveArrived: call.mayHaveArrived)
                    }
                    if let lease = call.waiter.lease {
                        if state.leases.settle(lease, outcome, now: .now), call.waiter.task == nil { ended += 1 }
                        state.wakeAt = .now
                    }
                    if case .success(let answer) = outcome { state.leases.note(answer) }
                    answers.append((call.waiter, outcome))
                case .complaint(let error) where error.kind == .busy:
                    end = hadGoodAnswer ? .lost("the daemon is busy") : .refused("the daemon is busy")
                // Not its message: the reason is logged, and that may hold anything.
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
