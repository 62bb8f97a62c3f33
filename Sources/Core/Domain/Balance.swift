/// A user's credits.
public struct Balance: Sendable, Equatable {
    public var userId: String
    /// Credits that can be spent.
    public var available: Int64
    /// Credits that are charged for unfinished projects. They are captured or refunded when the project ends.
    public var held: Int64

    public init(userId: String, available: Int64, held: Int64) {
        self.userId = userId
        self.available = available
        self.held = held
    }
}

extension Balance: Message {
    package static let title: String? = "Balance"
    package static let note = "A user's credits."
    package static var blank: Balance { Balance(userId: "", available: 0, held: 0) }

    package mutating func visit(_ fields: inout some FieldVisitor) throws(RPCError) {
        try fields.required("userId", &userId, .userID, "The user.")
        try fields.required("available", &available, .amount, "Credits that can be spent.")
        try fields.required("held", &held, .amount, "Credits that are charged for unfinished projects.")
    }
}
