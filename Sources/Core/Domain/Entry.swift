/// One immutable line of the ledger.
public struct Entry: Sendable, Equatable {
    public enum Kind: String, Sendable, CaseIterable {
        /// Given by an admin.
        case grant
        /// Corrected by an admin, up or down.
        case adjustment
        /// Taken for a project.
        case charge
        /// The project completed: its credits are spent.
        case capture
        /// The project failed: its credits are back.
        case refund
    }

    /// Grows with every entry.
    public var entryId: Int64
    public var kind: Kind
    /// In credits; below zero only for an adjustment downwards.
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
    package static let note = "One immutable line of the ledger."
    package static var blank: Entry { Entry(entryId: 0, kind: .blank, credits: 0, at: .blank) }

    package mutating func visit(_ fields: inout some FieldVisitor) throws(RPCError) {
        try fields.required("entryId", &entryId, .number, "Grows with every entry of the ledger.")
        try fields.required("kind", &kind, "grant, adjustment, charge, capture or refund.")
        try fields.required("credits", &credits, .change, "The amount; below zero only for an adjustment downwards.")
        try fields.required("at", &at, "When.")
        try fields.optional("projectId", &projectId, "Whose charge, capture or refund it is.")
        try fields.optional("reason", &reason, .reason, "Why a grant or an adjustment was made.")
    }
}
