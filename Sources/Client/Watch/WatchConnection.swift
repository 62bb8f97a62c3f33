internal import Glibc
internal import LifecycleCore
internal import LifecycleWire
internal import NIOCore

/// The connection of one watch, and the number of its last event. A lost connection is made again. Only the watch
/// thread uses it.
struct WatchConnection {
    typealias Instant = ContinuousClock.Instant

    let watch: SocketWatch
    private let configuration: ClientConfiguration
    private let telemetry: ClientTelemetry

    private var socket: UnixSocket?
    private var framer: LineFramer
    /// The last event that was read, or after which the watch begins. `nil` until the daemon has told it.
    private var position: Int64?
    /// The daemon has accepted the watch once. From then on it reconnects without a time limit.
    private var hasBegun = false
    /// The daemon has accepted the watch on this connection.
    private var isAccepted = false
    private var connectedAt = Instant.now
    private var nextAttempt = Instant.now
    private let connectBy: Instant
    /// The number of failed tries and of connections that ended soon.
    private var failures = 0
    /// The number of consecutive connections with a line that could not be read.
    private var badConnections = 0
    /// The last try to connect failed. Only the first failure of an outage is logged.
    private var isOut = false
    /// Events that were read and not yet passed to the watch.
    private var events: [Event] = []

    private static let maximumBadConnections = 3

    init(_ watch: SocketWatch, _ configuration: ClientConfiguration, _ telemetry: ClientTelemetry) {
        self.watch = watch
        self.configuration = configuration
        self.telemetry = telemetry
        position = watch.request.fromSeq
        framer = LineFramer(maximumLineBytes: configuration.maximumReplyBytes)
        connectBy = .now + configuration.connectTimeout.asTimeout
    }

    var descriptor: Int32? { socket?.descriptor }
    var wantsRead: Bool { socket != nil && watch.hasRoom() }

    /// When `advance` has something to do. `nil`: only after bytes were read.
    var nextEvent: Instant? {
        if socket == nil { return nextAttempt }
        return isAccepted ? nil : answerBy
    }

    private var answerBy: Instant { connectedAt + configuration.callTimeout.asTimeout }

    mutating func advance(to now: Instant) {
        if socket == nil, now >= nextAttempt {
            connect()
        } else if socket != nil, !isAccepted, now >= answerBy {
            lose("no answer came", .timedOut(.notDone, after: configuration.callTimeout))
        }
    }

    // MARK: Connecting

    private mutating func connect() {
        do throws(ConnectFailure) {
            let socket = try UnixSocket(connectingTo: configuration.socketPath)
            self.socket = socket
            framer = LineFramer(maximumLineBytes: configuration.maximumReplyBytes)
            isAccepted = false
            isOut = false
            connectedAt = .now
            telemetry.connected()
            let line = request
            guard case .done(line.count) = socket.send(line[...]) else {
                return lose("the daemon took no request", .connectionLost("the daemon took no request"))
            }
        } catch {
            if !isOut { telemetry.cannotConnect(error) }
            isOut = true
            guard error.isTemporary else { return end(.unreachable(error, .notDone)) }
            retry(.unreachable(error, .notDone))
        }
    }

    /// The line that asks for the events after `position`.
    private var request: [UInt8] {
        var method = watch.request
        method.fromSeq = position
        var params = JSONWriter()
        method.write(to: &params)
        return OutgoingRequest(Watch.name, params: params.take(), isRepeatable: true, timeout: .zero).line(id: 1)
    }

    /// Drops the connection. If it had lasted for more than 1 s, it is made again at once.
    private mutating func lose(_ reason: String, _ error: ClientError) {
        guard socket != nil else { return }
        socket = nil
        telemetry.disconnected(reason)
        if isAccepted, .now - connectedAt > .seconds(1) { failures = 0 }
        retry(error)
    }

    /// - Parameter error: ends the watch if it could not begin in time.
    private mutating func retry(_ error: ClientError) {
        failures += 1
        nextAttempt = .now + Backoff.delay(after: failures)
        if !hasBegun, nextAttempt > connectBy { end(error) }
    }

    private mutating func end(_ error: ClientError) {
        socket = nil
        giveEvents()
        watch.finish(.failure(error))
    }

    // MARK: Reading

    mutating func read(into chunk: inout [UInt8]) {
        guard let socket else { return }
        switch socket.receive(into: &chunk) {
        case .wouldBlock: return
        case .ended(let code):
            let reason = code == 0 ? "the daemon closed it" : String(cString: strerror(code))
            lose(reason, .connectionLost(reason))
        case .done(let count):
            var bytes = ByteBuffer(bytes: chunk[..<count])
            framer.append(&bytes)
            while self.socket != nil, let frame = framer.next() {
                switch frame {
                case .line(let line): take(WatchLine(line))
                case .tooLong: dropAsBad("a line of more than \(configuration.maximumReplyBytes) bytes")
                }
            }
            giveEvents()
        }
    }

    private mutating func giveEvents() {
        if !events.isEmpty { watch.add(events) }
        events = []
    }

    private mutating func take(_ line: WatchLine) {
        switch line {
        case .begun(let seq):
            isAccepted = true
            if !hasBegun { watch.onBegin?(seq) }
            hasBegun = true
            position = position ?? seq
        case .event(let event):
            guard isAccepted else { return dropAsBad("an event before the answer") }
            guard event.seq > position ?? 0 else { return dropAsBad("event \(event.seq) again") }
            events.append(event)
            position = event.seq
            badConnections = 0
        case .unknownEvent(let seq): position = max(position ?? seq, seq)
        case .other: break
        case .refused(let error):
            if error.kind.retryable {
                lose("error \(error.kind.code)", .refused(error))
            } else {
                end(.refused(error))
            }
        case .garbage(let reason): dropAsBad(reason)
        }
    }

    /// The peer is not the daemon, or it has sent a line that does not follow the protocol.
    private mutating func dropAsBad(_ reason: String) {
        badConnections += 1
        if badConnections < Self.maximumBadConnections {
            lose(reason, .badReply(reason, .notDone))
        } else {
            end(.badReply(reason, .notDone))
        }
    }
}
