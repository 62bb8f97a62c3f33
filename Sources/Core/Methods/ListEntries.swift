/// A user's ledger, newest first, page by page.
public struct ListEntries: Sendable {
    public var userId: String
    /// Rows of a page, 1...500; 50 when absent.
    public var limit: Int64?
    /// `nextCursor` of the page before.
    public var cursor: String?

    public init(userId: String) { self.userId = userId }

    public struct Response: Sendable {
        public var entries: [Entry]
        /// Absent on the last page.
        public var nextCursor: String?
    }
}

extension ListEntries: ReadMethod {
    package static let name = "listEntries"
    package static let summary = "A user's ledger, newest first, page by page."
    package static let roles = [Role].any
    package static let errors: [ErrorKind] = [.invalidParams]
    package static let cost = ReadCost.scan
    package static var blank: Self { Self(userId: "") }

    package mutating func visit(_ fields: inout some FieldVisitor) throws(RPCError) {
        try fields.required("userId", &userId, .userID, "Whose ledger.")
        try fields.optional("limit", &limit, .pageLimit, "Entries of a page; 50 when absent.")
        try fields.optional("cursor", &cursor, "nextCursor of the page before.")
    }

    package func run(in store: any ReadTransaction, _ context: CallContext) throws(RPCError) -> Response {
        let before = try cursor.map(Self.entryID)
        let limit = Int(clamping: limit ?? defaultPageLimit)
        var entries = try store.entries(ofUser: userId, before: before, limit: limit + 1)
        let hasMore = entries.count > limit
        if hasMore { entries.removeLast() }
        return Response(entries: entries, nextCursor: hasMore ? entries.last.map { String($0.entryId) } : nil)
    }

    /// A cursor is the id of the last entry that was shown, in the one way that this method writes it.
    private static func entryID(_ cursor: String) throws(RPCError) -> Int64 {
        guard let id = Int64(cursor), id > 0, String(id).hasSameBytes(as: cursor) else {
            throw .invalidParams("cursor", "is not a nextCursor of listEntries")
        }
        return id
    }
}

extension ListEntries.Response: Message {
    package static let title: String? = "ListEntriesResult"
    package static let note = "A page of a user's ledger."
    package static var blank: Self { Self(entries: []) }

    package mutating func visit(_ fields: inout some FieldVisitor) throws(RPCError) {
        try fields.required("entries", &entries, "Newest first.")
        try fields.optional("nextCursor", &nextCursor, "Where the next page goes on; absent on the last.")
    }
}
