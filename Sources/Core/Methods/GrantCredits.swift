/// Gives a user credits. Errors: `amountOutOfRange`, `idempotencyConflict`.
public struct GrantCredits: Sendable {
    public var userId: String
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

extension GrantCredits: KeyedMethod {
    public typealias Response = PostedEntry

    package static let name = "grantCredits"
    package static let summary = "Give a user credits."
    package static let roles: [Role] = [.admin]
    package static let errors: [ErrorKind] = [.amountOutOfRange, .idempotencyConflict]
    package static var blank: Self { Self(userId: "", credits: 0, reason: "") }

    package mutating func visit(_ fields: inout some FieldVisitor) throws(RPCError) {
        try fields.required("userId", &userId, .userID, "The user who gets the credits.")
        try fields.required(
            "credits", &credits, .described(1...Limits.largestInteger),
            "The credits to give. The sum of all grants to a user must stay below 2^53.")
        try fields.required("reason", &reason, .reason, "The reason. It is kept in the ledger.")
        try fields.optional(
            "idempotencyKey", &idempotencyKey, .key, "Requests with the same key take effect only once.")
    }

    package var subject: CallSubject { CallSubject(userId: userId, credits: credits) }

    package func run(in transaction: WriteTransaction, _ context: CallContext) throws(RPCError) -> Response {
        try AccountPosting(
            kind: .grant, event: .granted, userId: userId, credits: credits, reason: reason,
            idempotencyKey: idempotencyKey, allowed: 1...Limits.largestInteger
        ).run(in: transaction, context)
    }
}
