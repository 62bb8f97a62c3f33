internal import CoreMetrics
internal import LifecycleCore
internal import NIOCore

/// What all connections share: the one event loop that serves them, the store, and the books about who is connected.
///
/// Work is done in turns: whatever connections became ready in one round of the event loop is worked off together, in one
/// snapshot. Not `Sendable`: the event loop's own.
final class Hub {
    let limits: Limits
    let dispatcher: Dispatcher
    private let eventLoop: any EventLoop
    private let store: Store
    private let reader: Reader
    private let environment: Store.Environment
    private let telemetry: Telemetry
    /// What is committed, for the connections that watch.
    private(set) lazy var feed = EventFeed(eventLoop: eventLoop, reader: reader, scans: store.scans) { [unowned self] in
        schedule($0)
    }
    /// Told when the last connection has gone, and what was read from it is carried out.
    var onIdle: (() -> Void)?

    private var connections: [ObjectIdentifier: ConnectionHandler] = [:]
    private var admission: Admission
    /// Connections that have ended, while what was read from them is carried out.
    private var ended: [ObjectIdentifier: ConnectionHandler] = [:]
    private(set) var isDraining = false
    /// Refused connections that are still open.
    var goodbyes = 0
    private var holders = LeaseHolders()
    private let rest: RestingMemory

    private var ready: [ConnectionHandler] = []
    private var jobs: [WriteJob] = []

    init(
        eventLoop: any EventLoop, store: Store, reader: Reader, environment: Store.Environment, telemetry: Telemetry
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
        rest.begin()
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
        connections[ObjectIdentifier(connection)] = connection
        admission.add(connection.caller)
        telemetry.connections.record(connections.count)
    }

    func remove(_ connection: ConnectionHandler) {
        guard connections.removeValue(forKey: ObjectIdentifier(connection)) != nil else { return }
        admission.remove(connection.caller)
        telemetry.connections.record(connections.count)
        if !connection.isIdle { ended[ObjectIdentifier(connection)] = connection }
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
        if isDraining { feed.wakeAll() }
        if hadEnded, isIdle { onIdle?() }
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

    /// The connection works in the next turn; once, however often it is scheduled.
    func schedule(_ connection: ConnectionHandler) {
        guard !connection.isScheduled else { return }
        connection.isScheduled = true
        ready.append(connection)
        guard ready.count == 1 else { return }
        eventLoop.assumeIsolated().execute { self.turn() }
    }

    private func turn() {
        let now = ready
        ready = []
        telemetry.queuedWrites.record(store.writes.count)
        for connection in now {
            connection.isScheduled = false
            connection.work()
            submit()
        }
        // One snapshot a turn: what was answered before the turn is in it.
        reader.endSnapshot()
    }

    /// After each connection, so that the writer works while the next ones are read; what comes meanwhile is its next
    /// batch.
    private func submit() {
        guard !jobs.isEmpty else { return }
        store.writes.submit(jobs)
        jobs.removeAll(keepingCapacity: true)
    }

    // MARK: Requests

    func read(_ read: BoundCall.Read, from caller: Caller) -> ReadOutcome {
        reader.run(read, environment.context(caller))
    }

    /// Has what is due settled, then carries out the read.
    func read(_ read: @escaping BoundCall.Read, after due: Due, for connection: ConnectionHandler, _ ticket: Int) {
        let connection = NIOLoopBound(connection, eventLoop: eventLoop)
        let hub = NIOLoopBound(self, eventLoop: eventLoop)
        // What is seen next is the snapshot after it.
        reader.endSnapshot()
        store.writes.settle(due) {
            let (hub, connection) = (hub.value, connection.value)
            hub.reader.endSnapshot()
            switch hub.read(read, from: connection.caller) {
            case .answered(let outcome, let effects): connection.finish(ticket, with: outcome, effects)
            case .due(let due): hub.read(read, after: due, for: connection, ticket)
            }
            hub.reader.endSnapshot()
        }
    }

    func scan(_ read: @escaping BoundCall.Read, for connection: ConnectionHandler, _ ticket: Int) {
        let connection = NIOLoopBound(connection, eventLoop: eventLoop)
        store.scans.submit(read, environment.context(connection.value.caller)) { outcome, effects in
            connection.value.finish(ticket, with: outcome, effects)
        }
    }

    func write(
        _ write: @escaping BoundCall.Write, of call: Dispatcher.Call, worksOnFullDisk: Bool,
        for connection: ConnectionHandler, _ ticket: Int
    ) {
        let caller = connection.caller
        let source = ObjectIdentifier(connection)
        let connection = NIOLoopBound(connection, eventLoop: eventLoop)
        let hub = NIOLoopBound(self, eventLoop: eventLoop)
        let (telemetry, method) = (telemetry, call.method)
        jobs.append(
            WriteJob(worksOnFullDisk: worksOnFullDisk, caller: caller, source: source, run: write) { outcome in
                telemetry.log(outcome, by: caller, calling: method)
                hub.value.release(outcome.steps)
                connection.value.finish(ticket, with: outcome.result, outcome.effects)
            })
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

    // MARK: Held leases

    /// The connection holds the project's lease from now on, whoever did before.
    func attach(_ project: ProjectID, to connection: ConnectionHandler) {
        holders.attach(project, to: ObjectIdentifier(connection))
        // It has ended since it asked.
        if connections[ObjectIdentifier(connection)] == nil { detachAll(of: connection) }
    }

    /// The connection holds the lease no more: its end means nothing to the project.
    func detach(_ project: ProjectID, from connection: ConnectionHandler) {
        holders.detach(project, from: ObjectIdentifier(connection))
    }

    /// The connection has ended: what it still holds has the detach grace left.
    private func detachAll(of connection: ConnectionHandler) {
        let lost = holders.end(ObjectIdentifier(connection))
        // When we stop it is we who end the connections: their holders come back to the next daemon.
        guard !lost.isEmpty, !isDraining else { return }
        let hub = NIOLoopBound(self, eventLoop: eventLoop)
        submitOwn(LostHolder.detachments(of: lost)) {
            // Another connection's attachment may have been carried out before and become known here after it.
            let found = lost.filter { hub.value.holders.isHeld($0) }
            hub.value.submitOwn(LostHolder.restorations(of: found)) {}
        }
    }

    private func submitOwn(_ writes: [BoundCall.Write], _ completion: @escaping @Sendable () -> Void) {
        for (index, write) in writes.enumerated() {
            let (telemetry, isLast) = (telemetry, index == writes.count - 1)
            store.writes.submitOwn(
                WriteJob(worksOnFullDisk: true, caller: .daemon, run: write) { outcome in
                    telemetry.log(outcome, by: .daemon)
                    if isLast { completion() }
                })
        }
    }

    /// Nobody needs to hold what has ended.
    private func release(_ steps: [NewEvent]) {
        for step in steps where step.kind == .completed || step.kind == .failed {
            if let project = step.project { holders.release(project.id) }
        }
    }

    func count(_ call: Dispatcher.Call, _ outcome: Result<Reply, RPCError>) {
        telemetry.count(call, outcome)
    }
}
