/// Corrects a user's credits, up or down. Errors: `amountOutOfRange`, `insufficientCredits` (the available credits
/// would become negative), `idempotencyConflict`.
public struct AdjustCredits: Sendable {
    public var userId: String
    /// A negative number takes credits away.
    public var credits: Int64
    public var reason: String
    public var idempotencyKey: String?

    public init(userId: String, credits: Int64, reason: String, idempotencyKey: String? = nil) {
        self.userId = userId
        self.credits = credits
        self.reason = reason
        self.idempotencyKey = idempotencyKey
    }
}

extension AdjustCredits: KeyedMethod {
    public typealias Response = PostedEntry

    package static let name = "adjustCredits"
    package static let summary = "Correct a user's credits, up or down."
    package static let roles: [Role] = [.admin]
    package static let errors: [ErrorKind] = [.insufficientCredits, .amountOutOfRange, .idempotencyConflict]
    package static var blank: Self { Self(userId: "", credits: 0, reason: "") }

    package mutating func visit(_ fields: inout some FieldVisitor) throws(RPCError) {
        try fields.required("userId", &userId, .userID, "The user.")
        try fields.required("credits", &credits, .change, "The credits to add. A negative number takes credits away.")
        try fields.required("reason", &reason, .reason, "The reason. It is kept in the ledger.")
        try fields.optional(
            "idempotencyKey", &idempotencyKey, .key, "Requests with the same key take effect only once.")
    }

    package var subject: CallSubject { CallSubject(userId: userId, credits: credits) }

    package func run(in transaction: WriteTransaction, _ context: CallContext) throws(RPCError) -> Response {
        try AccountPosting(
            kind: .adjustment, event: .adjusted, userId: userId, credits: credits, reason: reason,
            idempotencyKey: idempotencyKey, allowed: -Limits.largestInteger...Limits.largestInteger
        ).run(in: transaction, context)
    }
}
