/// A user's credits.
public struct Balance: Sendable, Equatable {
    public var userId: String
    /// What can be spent.
    public var available: Int64
    /// What unfinished projects have taken: captured when they complete, given back when they fail.
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
        try fields.required("held", &held, .amount, "Credits that unfinished projects have taken.")
    }
}
