/// A method of the daemon. The type has the parameters as its fields, and names the result, the roles and, in
/// `ReadMethod` or `WriteMethod`, the rule.
package protocol Method: RPCMethod, Message where Response: Message {
    static var name: String { get }
    /// One sentence for `rpc.discover`.
    static var summary: String { get }
    static var roles: [Role] { get }
    /// The kinds of errors of this method, without those that every method can return.
    static var errors: [ErrorKind] { get }
    /// At least one of these parameters is needed.
    static var needsOneOf: [String] { get }
    /// Throws for combinations of parameters that are not allowed, and cuts texts that may be cut. The rules of the
    /// single fields were checked before.
    mutating func validate() throws(RPCError)
    /// It is safe to send the same request twice: it takes effect only once.
    var isRepeatable: Bool { get }
    /// The idempotency key, if there is one.
    var key: String? { get }
    /// Sets a key from `make` if the method takes a key and has none.
    mutating func addKey(_ make: () -> String)
}

extension Method {
    package static var errors: [ErrorKind] { [] }
    package static var needsOneOf: [String] { [] }
    package mutating func validate() throws(RPCError) {}
    package var key: String? { nil }
    package mutating func addKey(_ make: () -> String) {}
}

/// How long a read may take. This decides which thread runs it.
package enum ReadCost: Sendable {
    /// Looks up a few keys. Runs on the event loop.
    case point
    /// May visit many rows, or make a long reply. Runs on a scan thread.
    case scan
    /// Visits the whole ledger, which may take minutes. Runs on a scan thread.
    case whole
}

package protocol ReadMethod: Method {
    static var cost: ReadCost { get }
    /// The read has an effect in addition to its answer, so it is carried out also if nobody gets the answer.
    static var hasEffect: Bool { get }
    func run(in transaction: ReadTransaction, _ context: CallContext) throws(RPCError) -> Response
}

extension ReadMethod {
    package static var hasEffect: Bool { false }
    package var isRepeatable: Bool { true }
}

/// A method that writes. Its rule is synchronous, so that it cannot suspend within a transaction. An error rolls back
/// all writes of the rule, unless the error `keepsWrites`.
package protocol WriteMethod: Method {
    /// The method may use the reserve file when the disk is full. True only for methods that end holds or keep leases.
    static var worksOnFullDisk: Bool { get }
    /// For the log entry if the request is refused.
    var subject: CallSubject { get }
    func run(in transaction: WriteTransaction, _ context: CallContext) throws(RPCError) -> Response
}

extension WriteMethod {
    package static var worksOnFullDisk: Bool { false }
}

/// A write that takes effect once for each idempotency key.
package protocol KeyedMethod: WriteMethod {
    var idempotencyKey: String? { get set }
}

extension KeyedMethod {
    package var isRepeatable: Bool { idempotencyKey != nil }
    package var key: String? { idempotencyKey }
    package mutating func addKey(_ make: () -> String) {
        if idempotencyKey == nil { idempotencyKey = make() }
    }
}

/// What a rule knows in addition to its parameters and the transaction.
package struct CallContext: Sendable {
    /// The same time during the whole request.
    package let now: Timestamp
    package let caller: Caller
    package let limits: Limits
    package let metrics: any MetricsSource

    package init(now: Timestamp, caller: Caller, limits: Limits, metrics: any MetricsSource) {
        self.now = now
        self.caller = caller
        self.limits = limits
        self.metrics = metrics
    }
}

/// The source of the metrics for `getMetrics`.
package protocol MetricsSource: Sendable {
    func report() -> GetMetrics.Response
}
