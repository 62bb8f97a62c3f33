/// The kind of an error, which is in `error.data.kind` on the wire. Kinds and codes never change their meaning; texts
/// may. A struct and not an enum, so that a later version can add a kind without breaking a client's `switch`.
public struct ErrorKind: Sendable, Hashable {
    /// The JSON-RPC error code. Negative codes are errors of the protocol and the daemon, codes above 1000 of the
    /// ledger.
    public let code: Int64
    /// The word in `error.data.kind`. It never changes.
    public let name: String
    /// The same request may succeed later.
    public let retryable: Bool
    /// One sentence for `rpc.discover`.
    package let meaning: String

    package init(_ code: Int64, _ name: String, retryable: Bool = false, _ meaning: String) {
        self.code = code
        self.name = name
        self.retryable = retryable
        self.meaning = meaning
    }

    public static func == (a: Self, b: Self) -> Bool { a.code == b.code }
    public func hash(into hasher: inout Hasher) { hasher.combine(code) }
}

extension ErrorKind {
    public static let parseError = Self(-32700, "parseError", "The line is not one strict JSON text.")
    public static let invalidRequest = Self(-32600, "invalidRequest", "The JSON is not a JSON-RPC 2.0 request.")
    public static let methodNotFound = Self(-32601, "methodNotFound", "There is no such method.")
    public static let invalidParams = Self(-32602, "invalidParams", "A parameter is missing, unknown or malformed.")
    public static let internalError = Self(-32603, "internalError", "The daemon has a bug. Nothing was changed.")
    public static let permissionDenied = Self(
        -32001, "permissionDenied", "The caller's role does not allow the method.")
    public static let requestTooLarge = Self(-32007, "requestTooLarge", "The request line is too long.")
    public static let replyTooLarge = Self(-32008, "replyTooLarge", "The reply would be too long.")
    public static let busy = Self(
        -32009, "busy", retryable: true, "Too many connections or requests, or the daemon is stopping.")
    public static let batchTooLarge = Self(-32010, "batchTooLarge", "The batch has too many requests.")
    public static let projectNotFound = Self(1001, "projectNotFound", "No project has this id.")
    public static let insufficientCredits = Self(1002, "insufficientCredits", "The user has too few credits.")
    public static let invalidTransition = Self(1003, "invalidTransition", "The project cannot change to this status.")
    public static let terminalState = Self(1004, "terminalState", "The project has ended with another verdict.")
    public static let idempotencyConflict = Self(
        1005, "idempotencyConflict", "The key or the external id was used for another request.")
    public static let amountOutOfRange = Self(1006, "amountOutOfRange", "An amount is outside its range.")
    public static let storageFull = Self(
        1007, "storageFull", retryable: true, "The disk is full. Nothing was changed.")
    public static let storageUnavailable = Self(
        1008, "storageUnavailable", retryable: true, "The database cannot be used now. Nothing was changed.")
    public static let backupFailed = Self(1009, "backupFailed", "No backup was made. No file is left.")
    public static let outcomeUnknown = Self(
        1010, "outcomeUnknown", retryable: true, "The write may or may not be on disk. Repeat it with the same key.")

    /// The kinds that every method can return.
    package static let common: [ErrorKind] = [
        invalidParams, internalError, permissionDenied, replyTooLarge, busy, storageUnavailable,
    ]
    /// The further kinds that every write can return.
    package static let ofWrites: [ErrorKind] = [storageFull, outcomeUnknown]

    /// Every kind, in the order of the protocol's table.
    public static let all: [ErrorKind] = [
        parseError, invalidRequest, methodNotFound, invalidParams, internalError, permissionDenied, requestTooLarge,
        replyTooLarge, busy, batchTooLarge, projectNotFound, insufficientCredits, invalidTransition, terminalState,
        idempotencyConflict, amountOutOfRange, storageFull, storageUnavailable, backupFailed,
        outcomeUnknown,
    ]
}
