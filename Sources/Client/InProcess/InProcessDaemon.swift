package import LifecycleCore
internal import Synchronization

/// The daemon without a process, a socket and a disk: the same methods and rules over a ledger in memory, with a clock of
/// the caller's. Everything is forgotten with it. Any thread; calls run one after the other, and none ever waits for more.
package final class InProcessDaemon: Sendable {
    struct State {
        var store = InMemoryStore()
        var ids = ProjectIDGenerator()
        /// Who waits for the next event.
        var waiters: [(after: Int64, waiter: CheckedContinuation<Void, Never>)] = []
    }

    let state = Mutex(State())
    private let clock: @Sendable () -> Timestamp
    private let limits: Limits
    private let caller: Caller
    private let counts = CallCounts()

    /// - Parameters:
    ///   - clock: asked once a call.
    ///   - caller: who calls, for roles and history; the clocks' verdicts are its, too, as there is one process only.
    package init(clock: @escaping @Sendable () -> Timestamp, limits: Limits = Limits(), caller: Caller) {
        self.clock = clock
        self.limits = limits
        self.caller = caller
    }

    /// Does what the daemon does with one request line.
    /// - Parameter params: an object or an array as JSON text; empty: none are given.
    /// - Returns: the result as it would come over the wire, written and read again.
    package func answer(_ method: String, params: [UInt8]) throws(RPCError) -> JSONValue {
        defer { wakeWaiters() }
        // Whatever is asked, and before it is known to be right: time passes for everybody.
        let context = context
        try state.withLock { state throws(RPCError) in try Self.sweep(&state, context) }
        let request = try request(method, params)
        let entry = try MethodTable.standard.entry(named: request.method)
        do throws(RPCError) {
            let call = try entry.bind(request.params, for: caller)
            let result = try parsed(try run(call, context))
            counts.count(entry.name, succeeded: true)
            return result
        } catch {
            counts.count(entry.name, succeeded: false)
            throw error
        }
    }

    var context: CallContext { CallContext(now: clock(), caller: caller, limits: limits, metrics: counts) }

    // MARK: The ledger

    private func run(_ call: BoundCall, _ context: CallContext) throws(RPCError) -> Reply {
        try state.withLock { state throws(RPCError) in
            switch call {
            case .read(_, let read): return try read(InMemoryTransaction(state.store, ids: state.ids), context)
            case .write(_, let write):
                return try Self.transaction(&state) { store throws(RPCError) in try write(store, context) }
            }
        }
    }

    /// Fails and refunds what is due, so that every call sees the clocks that ran out.
    static func sweep(_ state: inout State, _ context: CallContext) throws(RPCError) {
        var due = Sweep.batch
        while due == Sweep.batch {
            due = try transaction(&state) { store throws(RPCError) in
                try Sweep.run(in: store, context, resumedAt: nil)
            }
        }
    }

    private static func transaction<Value>(
        _ state: inout State, _ body: (any WriteTransaction) throws(RPCError) -> Value
    ) throws(RPCError) -> Value {
        let transaction = InMemoryTransaction(state.store, ids: state.ids)
        defer { state.ids = transaction.ids }
        do throws(RPCError) {
            let value = try body(transaction)
            state.store = transaction.store
            return value
        } catch {
            if error.keepsWrites { state.store = transaction.store }
            throw error
        }
    }

    // MARK: The wire

    private static let id = ArraySlice("1".utf8)

    private func request(_ method: String, _ params: [UInt8]) throws(RPCError) -> Request {
        var json = JSONWriter(capacity: params.count + 64)
        json.beginObject()
        json.key("jsonrpc")
        json.string("2.0")
        json.key("id")
        json.raw(Self.id)
        json.key("method")
        json.string(method)
        if !params.isEmpty {
            json.key("params")
            json.raw(params)
        }
        json.endObject()
        guard json.bytes.count <= limits.maximumLineBytes else {
            throw .requestTooLarge(limit: limits.maximumLineBytes)
        }
        let document: JSONDocument
        do throws(JSONSyntaxError) {
            document = try JSONDocument(parsing: json.bytes, maximumDepth: limits.maximumDepth)
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
        json.beginObject()
        json.key("jsonrpc")
        json.string("2.0")
        json.key("id")
        json.raw(Self.id)
        json.key("result")
        reply(&json)
        json.endObject()
        json.newline()
        guard json.bytes.count <= limits.maximumReplyBytes else {
            throw .replyTooLarge(limit: limits.maximumReplyBytes)
        }
        do throws(JSONSyntaxError) {
            // What a request may nest, such as metadata, stands deeper in a reply.
            guard let result = try JSONDocument(parsing: json.bytes, maximumDepth: .max).root["result"] else {
                throw JSONSyntaxError(reason: "no result", offset: 0)
            }
            return result
        } catch {
            throw .internalError("the reply is no JSON: \(error.reason)")
        }
    }
}
