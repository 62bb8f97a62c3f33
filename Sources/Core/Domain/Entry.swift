/// One row of the ledger. It never changes.
public struct Entry: Sendable, Equatable {
    public enum Kind: String, Sendable, CaseIterable {
        /// An admin gave credits.
        case grant
        /// An admin corrected the credits, up or down.
        case adjustment
        /// A project took its price from the available credits and holds it.
        case charge
        /// The project completed: the held credits are spent.
        case capture
        /// The project failed: the held credits are available again.
        case refund
    }

    /// Grows with every entry.
    public var entryId: Int64
    public var kind: Kind
    /// Negative only for an adjustment downwards.
    public var credits: Int64
    public var at: Timestamp
    public var projectId: ProjectID?
    public var reason: String?

    package init(
        entryId: Int64, kind: Kind, credits: Int64, at: Timestamp, projectId: ProjectID? = nil,
        reason: String? = nil
    ) {
        self.entryId = entryId
        self.kind = kind
        self.credits = credits
        self.at = at
        self.projectId = projectId
        self.reason = reason
    }
}

extension Entry.Kind: FieldWord {
    package static let title = "EntryKind"
    package static var blank: Self { .grant }
}

extension Entry: Message {
    package static let title: String? = "Entry"
    package static let note = "One row of the ledger. It never changes."
    package static var blank: Entry { Entry(entryId: 0, kind: .blank, credits: 0, at: .blank) }

    package mutating func visit(_ fields: inout some FieldVisitor) throws(RPCError) {
        try fields.required("entryId", &entryId, .number, "Grows with every entry of the ledger.")
        try fields.required("kind", &kind, "grant, adjustment, charge, capture or refund.")
        try fields.required("credits", &credits, .change, "The amount. Negative only for an adjustment downwards.")
        try fields.required("at", &at, "When it was written (UTC).")
        try fields.optional("projectId", &projectId, "The project of a charge, capture or refund.")
        try fields.optional("reason", &reason, .reason, "The reason of a grant or an adjustment.")
    }
}
