/// A user's ledger entries, newest first, in pages.
public struct ListEntries: Sendable {
    public var userId: String
    /// Rows per page, 1 to 500. 50 if `nil`.
    public var limit: Int64?
    /// `nextCursor` of the previous page.
    public var cursor: String?

    public init(userId: String) { self.userId = userId }

    public struct Response: Sendable {
        public var entries: [Entry]
        /// `nil` on the last page.
        public var nextCursor: String?
    }
}

extension ListEntries: ReadMethod {
    package static let name = "listEntries"
    package static let summary = "List a user's ledger entries, newest first, in pages."
    package static let roles = [Role].any
    package static let errors: [ErrorKind] = [.invalidParams]
    package static let cost = ReadCost.scan
    package static var blank: Self { Self(userId: "") }

    package mutating func visit(_ fields: inout some FieldVisitor) throws(RPCError) {
        try fields.required("userId", &userId, .userID, "The user.")
        try fields.optional("limit", &limit, .pageLimit, "Entries per page. Default: 50.")
        try fields.optional("cursor", &cursor, "nextCursor of the previous page.")
    }

    package func run(in transaction: ReadTransaction, _ context: CallContext) throws(RPCError) -> Response {
        let before = try cursor.map(Self.entryID)
        let limit = Int(clamping: limit ?? defaultPageLimit)
        var entries = try transaction.entries(ofUser: userId, before: before, limit: limit + 1)
        let hasMore = entries.count > limit
        if hasMore { entries.removeLast() }
        return Response(entries: entries, nextCursor: hasMore ? entries.last.map { String($0.entryId) } : nil)
    }

    /// A cursor is the id of the last entry of a page, in exactly the form that this method writes.
    private static func entryID(_ cursor: String) throws(RPCError) -> Int64 {
        guard let id = Int64(cursor), id > 0, String(id).hasSameBytes(as: cursor) else {
            throw .invalidParams("cursor", "is not a nextCursor of listEntries")
        }
        return id
    }
}

extension ListEntries.Response: Message {
    package static let title: String? = "ListEntriesResult"
    package static let note = "A page of a user's ledger entries."
    package static var blank: Self { Self(entries: []) }

    package mutating func visit(_ fields: inout some FieldVisitor) throws(RPCError) {
        try fields.required("entries", &entries, "The entries, newest first.")
        try fields.optional("nextCursor", &nextCursor, "The cursor of the next page. Absent on the last page.")
    }
}
