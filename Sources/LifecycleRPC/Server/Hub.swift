internal import CoreMetrics
internal import LifecycleCore
internal import NIOCore

/// What all connections share: the one event loop that serves them, the store, and the books about who is connected.
///
/// Work is done in turns of a bounded time, each in one snapshot. The connections that have something to do share a turn
/// fairly, by users first (`FairQueue`); with more to do than for one turn the event loop looks at its sockets in between.
/// Not `Sendable`: the event loop's own.
final class Hub {
    let limits: Limits
    let dispatcher: Dispatcher
    let eventLoop: any EventLoop
    let store: Store
    let reader: Reader
    let environment: Store.Environment
    let telemetry: Telemetry
    /// What is committed, for the connections that watch.
    private(set) lazy var feed = EventFeed(eventLoop: eventLoop, reader: reader, scans: store.scans) { [unowned self] in
        schedule($0)
    }
    /// Told when the last connection has gone, and what was read from it is carried out.
    var onIdle: (() -> Void)?

    private(set) var connections: [ObjectIdentifier: ConnectionHandler] = [:]
    private var admission: Admission
    /// Connections that have ended, while what was read from them is carried out.
    private var ended: [ObjectIdentifier: ConnectionHandler] = [:]
    private(set) var isDraining = false
    /// Refused connections that are still open.
    var goodbyes = 0
    var holders = LeaseHolders()
    private let rest: RestingMemory

    /// Nobody is heard during a turn, so that it is short: who asks for something waits for one at most.
    private static let turn = TimeAmount.milliseconds(2)
    /// What a connection has of it at least, while others wait: some requests, and many shares in the tenth of a second in
    /// which everybody is to be answered.
    private static let share = TimeAmount.microseconds(250)
    private static let longest = TimeAmount.milliseconds(20)

    private var ready = ReadyConnections()
    /// When the last turn ended, if it left something to do.
    private var lastEnd: NIODeadline?
    /// A turn has been asked for, or goes on.
    private var isTurnDue = false
    private let loopWatch: LoopWatch
    private lazy var pulse = LoopPulse(on: eventLoop, loopWatch, environment.uptime) { [unowned self] in
        !connections.isEmpty || store.hasUnfinishedProjects
    }
    private lazy var nextPass = NextPass(on: eventLoop) { [unowned self] in turn() }
    /// Writes that go to the writer with the end of the connection's share.
    var jobs: [WriteJob] = []

    /// - Parameter watch: is told whether the turns come in time.
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

    /// Nobody is connected, and nothing is left to be done for who was.
    var isIdle: Bool { connections.isEmpty && ended.isEmpty }

    /// What serves a new connection of this caller, or tells it why nothing does.
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
            // It counts as one of its user's until it is worked off, or their number would have no limit.
            ended[ObjectIdentifier(connection)] = connection
            store.scans.cancel(ObjectIdentifier(connection), of: connection.caller)
        }
        detachAll(of: connection)
        feed.remove(connection)
        telemetry.watchers.record(feed.watchers)
        // Those who watch end last.
        if isDraining { feed.wakeAll() }
        if connections.isEmpty { rest.begin() }
        if isIdle { onIdle?() }
    }

    /// What was read from the connection is carried out.
    func settled(_ connection: ConnectionHandler) {
        let hadEnded = ended.removeValue(forKey: ObjectIdentifier(connection)) != nil
        if hadEnded { forget(connection) }
        if isDraining { feed.wakeAll() }
        if hadEnded, isIdle { onIdle?() }
    }

    private func forget(_ connection: ConnectionHandler) {
        let isLast = admission.remove(connection.caller)
        ready.forget(connection, isLastOfUser: isLast)
    }

    /// Takes no more connections; those there are answer what was read, and close.
    func drain() {
        isDraining = true
        for connection in connections.values { connection.drain() }
        if isIdle { onIdle?() }
    }

    func closeAll() {
        for connection in connections.values { connection.close() }
    }

    /// The daemon stops, and nobody has a request left whose events others would miss.
    var isQuiet: Bool { isDraining && ended.isEmpty && connections.values.allSatisfy { $0.isDraining && $0.isIdle } }

    func hasUnfinishedProjects() -> Bool { (try? reader.hasUnfinishedProjects()) ?? true }

    // MARK: Turns

    /// The connection works when it is its turn; once, however often it is scheduled.
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
        // As long as the sockets took since the last turn: where many connect, the turns would else have little of the time.
        let end = now + min(max(Self.turn, lastEnd.map { now - $0 } ?? .zero), Self.longest)
        while now < end, let place = ready.next() {
            let connection = place.connection
            connection.isScheduled = false
            // All that is left for who is alone.
            connection.work(until: ready.isEmpty ? end : now + Self.share, orAtLast: now + Self.longest)
            submit()
            let before = now
            now = .now()
            ready.charge(place, (now - before).nanoseconds)
        }
        // One snapshot a turn: what was answered before the turn is in it.
        reader.endSnapshot()
        loopWatch.answered(at: environment.uptime())
        isTurnDue = !ready.isEmpty
        lastEnd = isTurnDue ? now : nil
        guard isTurnDue else { return }
        loopWatch.asked(at: environment.uptime())
        nextPass.ask()
    }

    /// After each connection, so that the writer works while the next ones are read; what comes meanwhile is its next
    /// batch.
    private func submit() {
        guard !jobs.isEmpty else { return }
        store.writes.submit(jobs)
        jobs.removeAll(keepingCapacity: true)
    }

    // MARK: Watching

    /// The connection gets events from now on.
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
