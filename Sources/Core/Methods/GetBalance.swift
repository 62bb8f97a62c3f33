/// A user's credits. Zeros for an unknown user.
public struct GetBalance: Sendable {
    public var userId: String
    public init(userId: String) { self.userId = userId }
}

extension GetBalance: ReadMethod {
    public typealias Response = Balance

    package static let name = "getBalance"
    package static let summary = "Get a user's credits."
    package static let roles = [Role].any
    package static let cost = ReadCost.point
    package static var blank: Self { Self(userId: "") }

    package mutating func visit(_ fields: inout some FieldVisitor) throws(RPCError) {
        try fields.required("userId", &userId, .userID, "The user.")
    }

    package func run(in transaction: ReadTransaction, _ context: CallContext) throws(RPCError) -> Balance {
        try transaction.balance(of: userId)
    }
}
