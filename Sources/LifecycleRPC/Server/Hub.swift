internal import CoreMetrics
internal import LifecycleCore
internal import NIOCore

/// The state that all connections share: the event loop that serves them, the store, and the list of connections.
///
/// Work is done in turns of limited length, each in one snapshot. Connections with work share a turn fairly, first
/// among users (`FairQueue`). If a turn leaves work, the event loop looks at its sockets before the next turn. Not
/// `Sendable`: only the event loop uses it.
final class Hub {
    let limits: Limits
    let dispatcher: Dispatcher
    let eventLoop: any EventLoop
    let store: Store
    let reader: Reader
    let environment: Store.Environment
    let telemetry: Telemetry
    /// Sends committed events to the connections that watch.
    private(set) lazy var feed = EventFeed(eventLoop: eventLoop, reader: reader, scans: store.scans) { [unowned self] in
        schedule($0)
    }
    /// Called when there is no connection and all requests of earlier connections are carried out.
    var onIdle: (() -> Void)?

    private(set) var connections: [ObjectIdentifier: ConnectionHandler] = [:]
    private var admission: Admission
    /// Connections that have ended, while their requests are carried out.
    private var ended: [ObjectIdentifier: ConnectionHandler] = [:]
    private(set) var isDraining = false
    /// The number of refused connections that are still open.
    var openRefusals = 0
    var holders = LeaseHolders()
    private let rest: RestingMemory

    /// A turn is short, because no socket is read during a turn.
    private static let turn = TimeAmount.milliseconds(2)
    /// The time of one connection in a turn while others wait. It is enough for some requests, and short enough that
    /// many connections are served within 100 ms.
    private static let share = TimeAmount.microseconds(250)
    private static let longest = TimeAmount.milliseconds(20)

    private var ready = ReadyConnections()
    /// When the last turn ended, if it left something to do.
    private var lastEnd: NIODeadline?
    /// A turn is scheduled or running.
    private var isTurnDue = false
    private let loopWatch: LoopWatch
    private lazy var pulse = LoopPulse(on: eventLoop, loopWatch, environment.uptime) { [unowned self] in
        !connections.isEmpty || store.hasUnfinishedProjects
    }
    private lazy var nextPass = NextPass(on: eventLoop) { [unowned self] in turn() }
    /// Writes that are submitted to the writer at the end of the connection's part of the turn.
    var jobs: [WriteJob] = []

    /// - Parameter watch: is told when turns are asked for and when they run.
    init(
        eventLoop: any EventLoop, store: Store, reader: Reader, environment: Store.Environment, telemetry: Telemetry,
        watch: LoopWatch
    ) {
        self.eventLoop = eventLoop
        self.store = store
        self.reader = reader
        self.environment = environment
        self.telemetry = telemetry
        limits = environment.limits
        admission = Admission(limits: limits)
        dispatcher = Dispatcher(limits: environment.limits)
        rest = RestingMemory(eventLoop: eventLoop, reader: reader)
        self.loopWatch = watch
        rest.begin()
        nextPass.start()
        pulse.start()
    }

    // MARK: Connections

    /// There is no connection, and all requests of earlier connections are carried out.
    var isIdle: Bool { connections.isEmpty && ended.isEmpty }

    /// The handler for a new connection: it serves the connection or refuses it.
    func handler(for caller: Caller) -> any ChannelHandler {
        if let refusal = isDraining ? .stopping : admission.refusal(of: caller) {
            telemetry.refused(caller, isDraining ? nil : refusal)
            return RefusedConnection(refusal, hub: self)
        }
        return ConnectionHandler(caller: caller, hub: self)
    }

    func add(_ connection: ConnectionHandler) {
        rest.end()
        pulse.start()
        connections[ObjectIdentifier(connection)] = connection
        admission.add(connection.caller)
        telemetry.connections.record(connections.count)
    }

    func remove(_ connection: ConnectionHandler) {
        guard connections.removeValue(forKey: ObjectIdentifier(connection)) != nil else { return }
        telemetry.connections.record(connections.count)
        ready.ended(connection)
        if connection.isIdle {
            forget(connection)
        } else {
            // It counts as a connection of its user until its requests are carried out. Otherwise a user who connects,
            // sends and leaves could have any number of requests in the daemon.
            ended[ObjectIdentifier(connection)] = connection
            store.scans.cancel(ObjectIdentifier(connection), of: connection.caller)
        }
        detachAll(of: connection)
        feed.remove(connection)
        telemetry.watchers.record(feed.watchers)
        // Watchers end last, because other connections can still cause events.
        if isDraining { feed.wakeAll() }
        if connections.isEmpty { rest.begin() }
        if isIdle { onIdle?() }
    }

    /// All input of the connection is carried out.
    func finished(_ connection: ConnectionHandler) {
        let hadEnded = ended.removeValue(forKey: ObjectIdentifier(connection)) != nil
        if hadEnded { forget(connection) }
        if isDraining { feed.wakeAll() }
        if hadEnded, isIdle { onIdle?() }
    }

    private func forget(_ connection: ConnectionHandler) {
        let isLast = admission.remove(connection.caller)
        ready.forget(connection, isLastOfUser: isLast)
    }

    /// Accepts no more connections. The open connections answer their input and close.
    func drain() {
        isDraining = true
        for connection in connections.values { connection.drain() }
        if isIdle { onIdle?() }
    }

    func closeAll() {
        for connection in connections.values { connection.close() }
    }

    /// The daemon stops, and no request is left that could cause an event.
    var isQuiet: Bool { isDraining && ended.isEmpty && connections.values.allSatisfy { $0.isDraining && $0.isIdle } }

    func hasUnfinishedProjects() -> Bool { (try? reader.hasUnfinishedProjects()) ?? true }

    // MARK: Turns

    /// Gives the connection a place in a turn. Further calls before that turn have no effect.
    func schedule(_ connection: ConnectionHandler) {
        guard !connection.isScheduled else { return }
        connection.isScheduled = true
        ready.add(connection)
        guard !isTurnDue else { return }
        isTurnDue = true
        loopWatch.asked(at: environment.uptime())
        eventLoop.assumeIsolated().execute { self.turn() }
    }

    private func turn() {
        telemetry.queuedWrites.record(store.writes.count)
        var now = NIODeadline.now()
        // At least as long as the event loop spent on sockets since the last turn. Otherwise many new connections would
        // leave little time for turns.
        let end = now + min(max(Self.turn, lastEnd.map { now - $0 } ?? .zero), Self.longest)
        while now < end, let place = ready.next() {
            let connection = place.connection
            connection.isScheduled = false
            // A connection that is alone gets the whole rest of the turn.
            connection.work(until: ready.isEmpty ? end : now + Self.share, orAtLast: now + Self.longest)
            submit()
            let before = now
            now = .now()
            ready.charge(place, (now - before).nanoseconds)
        }
        // One snapshot per turn. It contains every write that was answered before the turn.
        reader.endSnapshot()
        loopWatch.answered(at: environment.uptime())
        isTurnDue = !ready.isEmpty
        lastEnd = isTurnDue ? now : nil
        guard isTurnDue else { return }
        loopWatch.asked(at: environment.uptime())
        nextPass.ask()
    }

    /// Submits after each connection, so that the writer works while the next connections are read.
    private func submit() {
        guard !jobs.isEmpty else { return }
        store.writes.submit(jobs)
        jobs.removeAll(keepingCapacity: true)
    }

    // MARK: Watching

    /// Sends events on the connection from now on.
    func watch(_ connection: ConnectionHandler) {
        feed.add(connection)
        telemetry.watchers.record(feed.watchers)
    }

    func logStalledWatcher(_ caller: Caller, lastSent: Int64) {
        telemetry.log(stalledWatcher: caller, lastSent: lastSent)
    }

    func count(_ call: Dispatcher.Call, _ outcome: Result<Reply, RPCError>) {
        telemetry.count(call, outcome)
    }
}
