/// A method of the daemon: its parameters are the type itself, beside them stand its result, who may call it and, in
/// `ReadMethod` or `WriteMethod`, its rule.
package protocol Method: RPCMethod, Message where Response: Message {
    static var name: String { get }
    /// One sentence for `rpc.discover`.
    static var summary: String { get }
    static var roles: [Role] { get }
    /// Kinds of errors that are the method's own, beside those that any method has.
    static var errors: [ErrorKind] { get }
    /// At least one of these parameters is needed.
    static var needsOneOf: [String] { get }
    /// Refuses parameters that do not go together, and cuts what may be cut; each alone was checked by its field.
    mutating func validate() throws(RPCError)
    /// Whether the same request may be sent again when nobody knows if it arrived: done twice it does no more than once.
    var isRepeatable: Bool { get }
    /// The idempotency key, of a method that can have one.
    var key: String? { get }
    /// Takes a key from `make` if the method can have one and has none.
    mutating func addKey(_ make: () -> String)
}

extension Method {
    package static var errors: [ErrorKind] { [] }
    package static var needsOneOf: [String] { [] }
    package mutating func validate() throws(RPCError) {}
    package var key: String? { nil }
    package mutating func addKey(_ make: () -> String) {}
}

/// How long a read may take, which decides the thread that it runs on.
package enum ReadCost: Sendable {
    /// A few look-ups by key: runs where the request was read.
    case point
    /// May go through many rows, or write a long answer: runs beside, so that it holds nobody up.
    case scan
    /// Goes through the whole ledger, for minutes perhaps.
    case whole
}

package protocol ReadMethod: Method {
    static var cost: ReadCost { get }
    /// It does something beside answering, so that it is carried out as a notification, too.
    static var actsUnheard: Bool { get }
    func run(in store: any ReadTransaction, _ context: CallContext) throws(RPCError) -> Response
}

extension ReadMethod {
    package static var actsUnheard: Bool { false }
    package var isRepeatable: Bool { true }
}

/// The rule of a write. Synchronous, so that nothing can suspend inside a transaction. What it throws rolls back all
/// that it wrote, unless the error `keepsWrites`.
package protocol WriteMethod: Method {
    /// Still works from the reserve when the disk is full: only what gives credits back or settles them.
    static var worksOnFullDisk: Bool { get }
    /// For the log, when it is refused.
    var subject: CallSubject { get }
    func run(in store: any WriteTransaction, _ context: CallContext) throws(RPCError) -> Response
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

/// What a rule knows beside its parameters and the store.
package struct CallContext: Sendable {
    /// The same for the whole request.
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

/// Where `getMetrics` gets its figures.
package protocol MetricsSource: Sendable {
    func report() -> GetMetrics.Response
}
