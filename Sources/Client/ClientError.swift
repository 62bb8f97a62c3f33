public import LifecycleCore

/// Why a call has no result. `outcome` says whether the daemon may have carried it out all the same.
public struct ClientError: Error, Sendable {
    /// What went wrong. A struct and not an enum, so that a later version can add codes without breaking a `switch`.
    public struct Code: Sendable, Hashable, CustomStringConvertible {
        public let description: String

        /// The daemon refused the call. `refusal` has the reason.
        public static let refused = Code(description: "refused")
        /// No connection could be made.
        public static let unreachable = Code(description: "unreachable")
        /// No answer came within the call's timeout.
        public static let timedOut = Code(description: "timedOut")
        /// The connection ended before the answer came, and it is not safe to send the request again.
        public static let connectionLost = Code(description: "connectionLost")
        /// The reply does not follow the daemon's protocol.
        public static let badReply = Code(description: "badReply")
        /// The task was cancelled while it waited. A write that was sent is not undone.
        public static let cancelled = Code(description: "cancelled")
        /// The client was closed.
        public static let closed = Code(description: "closed")
    }

    /// What is known about the effect of the request.
    public enum Outcome: Sendable {
        /// The daemon did not carry it out.
        case notDone
        /// The daemon may have carried it out, or may still do so. To find out, repeat the call with the error's
        /// `idempotencyKey`. Without that key, the call would be a new one and charge again.
        case unknown
    }

    public let code: Code
    public let outcome: Outcome
    /// What went wrong, as one sentence for people.
    public let message: String
    /// What to do about it, as one sentence for people.
    public let hint: String
    /// The daemon's error, if the code is `refused`.
    public let refusal: RPCError?
    /// The idempotency key of the call, whether it was given or generated. A repeat with this key takes effect only
    /// once. `nil` for a call that has no key.
    public private(set) var idempotencyKey: String?
    /// `errno` of connect(2), if the code is `unreachable`.
    package let systemError: Int32?

    /// The kind of the daemon's error: `if error.kind == .insufficientCredits`. `nil` unless the daemon refused the
    /// call.
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
    /// Does not contain the key, because logs contain this text, and a key may be a customer's data.
    public var description: String { "\(message) (\(kind?.name ?? code.description)) \(hint)" }

    func with(key: String?) -> ClientError {
        var error = self
        error.idempotencyKey = key
        return error
    }
}

extension ClientError {
    /// - Parameter mayHaveArrived: the call was sent before, without an answer. In that case only an error of the
    ///   ledger shows that it was not carried out then, because the ledger looks up the key first.
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
                : "Repeat a write with its idempotencyKey: it takes effect only once. Or give the call more time.")
    }

    package static func connectionLost(_ reason: String) -> ClientError {
        ClientError(
            .connectionLost, .unknown, "The connection ended before the answer came: \(reason).",
            hint: "To learn whether it was done, repeat the call with its idempotencyKey, or read the project.")
    }

    static func badReply(_ reason: String, _ outcome: Outcome) -> ClientError {
        ClientError(
            .badReply, outcome, "The reply does not follow the daemon's protocol: \(reason).",
            hint: "Check that lifecycled listens on the socket, and that its version matches this client.")
    }

    package static func cancelled(_ outcome: Outcome) -> ClientError {
        ClientError(
            .cancelled, outcome, "The task was cancelled while it waited for the answer.",
            hint: "A write that was sent is not undone. To learn its outcome, repeat it with its idempotencyKey.")
    }

    package static func closed(_ outcome: Outcome) -> ClientError {
        ClientError(.closed, outcome, "The client was closed.", hint: "Make a new LifecycleClient.")
    }
}
