public import LifecycleCore

/// Why a call gave no result. Never a half-truth about money: `outcome` says whether the daemon may have done it.
public struct ClientError: Error, Sendable {
    /// What went wrong. A struct and not an enum, so that a later version can add one without breaking a `switch`.
    public struct Code: Sendable, Hashable, CustomStringConvertible {
        public let description: String

        /// The daemon said no; `refusal` says why.
        public static let refused = Code(description: "refused")
        /// No connection could be made.
        public static let unreachable = Code(description: "unreachable")
        /// The call's time was over before its answer came.
        public static let timedOut = Code(description: "timedOut")
        /// The connection ended before the answer, and the request may not be sent twice.
        public static let connectionLost = Code(description: "connectionLost")
        /// What answered does not speak the daemon's protocol.
        public static let badReply = Code(description: "badReply")
        /// The task was cancelled while it waited; a write that was sent goes on.
        public static let cancelled = Code(description: "cancelled")
        /// The client was closed.
        public static let closed = Code(description: "closed")
    }

    /// What is known of the request's effect.
    public enum Outcome: Sendable {
        /// The daemon did nothing of it.
        case notDone
        /// The daemon may have done it, or may yet. Repeating it with the error's `idempotencyKey` is safe and tells;
        /// without it, the same call would be another one, and charge again.
        case unknown
    }

    public let code: Code
    public let outcome: Outcome
    /// One sentence for people.
    public let message: String
    /// What can be done about it, one sentence.
    public let hint: String
    /// The daemon's own error, for the code `refused`.
    public let refusal: RPCError?
    /// The idempotency key of the call, given or made: the same call with it is done once, whatever became of this one.
    /// Nil for a call that has none.
    public private(set) var idempotencyKey: String?
    /// `errno` of connect(2), for the code `unreachable`.
    package let systemError: Int32?

    /// The daemon's word for it: `if error.kind == .insufficientCredits`. Nil when the daemon did not refuse.
    public var kind: ErrorKind? { refusal?.kind }

    package init(
        _ code: Code, _ outcome: Outcome, _ message: String, hint: String, refusal: RPCError? = nil,
        systemError: Int32? = nil
    ) {
        self.code = code
        self.outcome = outcome
        self.message = message
        self.hint = hint
        self.refusal = refusal
        self.systemError = systemError
    }
}

extension ClientError: CustomStringConvertible {
    /// Without the key, which may be a customer's: this text goes into logs.
    public var description: String { "\(message) (\(kind?.name ?? code.description)) \(hint)" }

    /// The same error, of a call that had this key.
    func of(key: String?) -> ClientError {
        var error = self
        error.idempotencyKey = key
        return error
    }
}

extension ClientError {
    /// - Parameter mayHaveArrived: it was sent before, and nobody knows what became of that. Only an error of the ledger
    ///   itself, which looks up the key first, tells that it was not done then.
    package static func refused(_ error: RPCError, mayHaveArrived: Bool = false) -> ClientError {
        let isVerdict = error.kind.code > 1000 && !error.kind.retryable
        let isUnknown = error.kind == .outcomeUnknown || (mayHaveArrived && !isVerdict)
        return ClientError(
            .refused, isUnknown ? .unknown : .notDone, error.message, hint: error.hint, refusal: error)
    }

    static func unreachable(_ failure: ConnectFailure, _ outcome: Outcome) -> ClientError {
        ClientError(
            .unreachable, outcome, "Cannot connect to \(failure.path): \(failure.reason).", hint: failure.hint,
            systemError: failure.code)
    }

    static func timedOut(_ outcome: Outcome, after timeout: Duration) -> ClientError {
        ClientError(
            .timedOut, outcome, "No answer came within \(timeout).",
            hint: outcome == .notDone
                ? "The daemon may be overloaded; see its log, or give the call more time."
                : "Repeat a write with its idempotencyKey: it is then done once. Or give the call more time.")
    }

    package static func connectionLost(_ reason: String) -> ClientError {
        ClientError(
            .connectionLost, .unknown, "The connection ended before the answer came: \(reason).",
            hint: "Repeat the call with its idempotencyKey, or look at the project, to learn what became of it.")
    }

    static func badReply(_ reason: String, _ outcome: Outcome) -> ClientError {
        ClientError(
            .badReply, outcome, "The answer is not what the daemon's protocol says: \(reason).",
            hint: "Check that the socket is lifecycled's, and that its version fits this client.")
    }

    package static func cancelled(_ outcome: Outcome) -> ClientError {
        ClientError(
            .cancelled, outcome, "The task was cancelled while it waited for the answer.",
            hint: "A write that was sent is not taken back; repeat it with its idempotencyKey to learn its outcome.")
    }

    package static func closed(_ outcome: Outcome) -> ClientError {
        ClientError(.closed, outcome, "The client was closed.", hint: "Make a new LifecycleClient.")
    }
}
