internal import Glibc
public import LifecycleClient
package import LifecycleCore
internal import Synchronization

/// The daemon in the process of your test. It has the same methods, rules, errors and schema, on SQLite in memory,
/// without a socket and with a clock that you move. The ledger is lost with the object.
///
/// May be used on any thread. Requests run one after the other, each in one transaction. Before each request, the
/// projects that are due at the clock's time fail and are refunded.
public final class InProcessDaemon: Sendable {
    struct State {
        let ledger: MemoryLedger
        var crashPoint: CrashPoint?
        /// Watches that wait for the next event.
        var waiters: [(after: Int64, waiter: CheckedContinuation<Void, Never>)] = []
    }

    /// The clock of the daemon. It stands still until you move it.
    public let clock: ManualClock
    let state: Mutex<State>
    private let limits: Limits
    private let caller: Caller
    private let counts = CallCounts()

    /// Makes a daemon with an empty ledger. Its callers have all roles.
    public convenience init(clock: ManualClock = ManualClock()) {
        self.init(
            clock: clock, caller: Caller(uid: getuid(), gid: getgid(), pid: getpid(), roles: Set(Role.allCases)))
    }

    /// - Parameter caller: the caller for roles and for the history. Because there is only one process, it also stands
    ///   for the daemon in the history.
    package init(clock: ManualClock, limits: Limits = Limits(), caller: Caller) {
        self.clock = clock
        self.limits = limits
        self.caller = caller
        do throws(StorageError) {
            state = Mutex(State(ledger: try MemoryLedger { clock.now.milliseconds }))
        } catch {
            fatalError("SQLite makes no database in memory: \(error)")
        }
        clock.observe { [weak self] in self?.clockMoved() }
    }

    /// Makes another client of this daemon.
    public func makeClient() -> LifecycleClient { LifecycleClient(InProcessTransport(self)) }

    /// Crashes the daemon at this point of the next write that its rules allow. That call fails with the code
    /// `connectionLost`, whose outcome is `unknown`, as it does over a socket if the daemon does not restart in time.
    /// The next call reaches the restarted daemon. From the restart on, each lease lasts its whole length again.
    public func crash(_ point: CrashPoint) { state.withLock { $0.crashPoint = point } }

    // MARK: One request

    /// Does what the daemon does with one request line.
    /// - Parameter params: an object or an array as JSON text.
    /// - Returns: the result as it would arrive over the socket: written as JSON and parsed again.
    package func answer(_ method: String, params: [UInt8]) throws(ClientError) -> JSONValue {
        defer { wakeWaiters() }
        let result: JSONValue?
        do throws(RPCError) {
            result = try answer(method, params, context)
        } catch {
            throw .refused(error)
        }
        guard let result else { throw .connectionLost("the daemon crashed") }
        return result
    }

    var context: CallContext { CallContext(now: clock.now, caller: caller, limits: limits, metrics: counts) }

    /// - Returns: `nil` if the daemon crashed.
    private func answer(_ method: String, _ params: [UInt8], _ context: CallContext) throws(RPCError) -> JSONValue? {
        // Time passes for all callers, even if the request is not valid. So projects expire before the request is
        // checked.
        try state.withLock { state throws(RPCError) in try state.ledger.settle(context) }
        let request = try request(method, params)
        let entry = try MethodTable.standard.entry(named: request.method)
        do throws(RPCError) {
            let call = try entry.bind(request.params, for: caller)
            let reply = try run(call, context)
            let result: JSONValue? = if let reply { try parsed(reply) } else { nil }
            counts.count(entry.name, succeeded: true)
            return result
        } catch {
            counts.count(entry.name, succeeded: false)
            throw error
        }
    }

    /// - Returns: `nil` if the daemon crashed.
    private func run(_ call: BoundCall, _ context: CallContext) throws(RPCError) -> Reply? {
        try state.withLock { state throws(RPCError) in
            switch call {
            case .read(_, let read):
                return try state.ledger.read(at: context.now) { store throws(RPCError) in try read(store, context) }
            case .write(_, let write):
                let isKept = state.crashPoint != .beforeCommit
                let reply = try state.ledger.write(at: context.now, isKept: isKept) { store throws(RPCError) in
                    try write(store, context)
                }
                guard state.crashPoint != nil else { return reply }
                state.crashPoint = nil
                state.ledger.resumedAt = context.now
                return nil
            }
        }
    }

    private func request(_ method: String, _ params: [UInt8]) throws(RPCError) -> Request {
        let line = JSONWriter.request(method, params: params, id: 1)
        guard line.count <= limits.maximumLineBytes else { throw .requestTooLarge(limit: limits.maximumLineBytes) }
        let document: JSONDocument
        do throws(JSONSyntaxError) {
            document = try JSONDocument(parsing: line, maximumDepth: limits.maximumDepth)
        } catch {
            throw .parseError(error)
        }
        do throws(InvalidRequest) {
            return try Request(document.root)
        } catch {
            throw error.error
        }
    }

    private func parsed(_ reply: Reply) throws(RPCError) -> JSONValue {
        var json = JSONWriter(capacity: 512)
        json.beginEnvelope(id: ArraySlice("1".utf8))
        json.key("result")
        reply(&json)
        json.endObject()
        json.newline()
        guard json.bytes.count <= limits.maximumReplyBytes else {
            throw .replyTooLarge(limit: limits.maximumReplyBytes)
        }
        // Values that a request may nest, such as metadata, are nested more deeply in a reply.
        guard let result = try? JSONDocument(parsing: json.bytes, maximumDepth: .max).root["result"] else {
            throw .internalError("the reply is no JSON")
        }
        return result
    }
}

extension LifecycleClient {
    /// The only client of a new daemon in this process, for tests. For several clients, or for crashes, make an
    /// ``InProcessDaemon``.
    ///
    /// - Parameter clock: The clock of the daemon. When you have moved it, due projects fail and are refunded before
    ///   the next call.
    public static func inProcess(clock: ManualClock = ManualClock()) -> LifecycleClient {
        InProcessDaemon(clock: clock).makeClient()
    }
}
