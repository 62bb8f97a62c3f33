/// Projects, newest first, page by page; with `includeStats` also the figures over the whole filter, of the same
/// moment. Errors: `invalidParams` for a cursor that names no project.
public struct ListProjects: Sendable {
    public var userId: String?
    public var status: StatusFilter?
    /// Created at this time or later.
    public var createdAfter: Timestamp?
    /// Created before this time.
    public var createdBefore: Timestamp?
    /// Rows of a page, 1...500; 50 when absent.
    public var limit: Int64?
    /// `nextCursor` of the page before.
    public var cursor: ProjectID?
    public var includeStats: Bool?
    /// Unfinished, and the daemon fails it before this time if nobody reports.
    public var dueBefore: Timestamp?

    public init(userId: String? = nil) { self.userId = userId }

    public struct Response: Sendable {
        public var projects: [Project]
        /// Absent on the last page.
        public var nextCursor: ProjectID?
        public var stats: Statistics?
    }
}

extension ListProjects: ReadMethod {
    package static let name = "listProjects"
    package static let summary = "Projects, newest first, page by page, with figures on request."
    package static let roles = [Role].any
    package static let errors: [ErrorKind] = [.invalidParams]
    package static let cost = ReadCost.scan
    package static var blank: Self { Self() }

    package mutating func visit(_ fields: inout some FieldVisitor) throws(RPCError) {
        try fields.optional("userId", &userId, .userID, "Only this user's.")
        try fields.optional("status", &status, "Only in this status, or in one of a list.")
        try fields.optional("createdAfter", &createdAfter, "Created at this time or later.")
        try fields.optional("createdBefore", &createdBefore, "Created before this time.")
        try fields.optional("limit", &limit, .pageLimit, "Projects of a page; 50 when absent.")
        try fields.optional("cursor", &cursor, "nextCursor of the page before.")
        try fields.optional("includeStats", &includeStats, "Also the figures over all that the filter matches.")
        try fields.optional("dueBefore", &dueBefore, "Only unfinished ones whose deadline is before this time.")
    }

    package func run(in store: any ReadTransaction, _ context: CallContext) throws(RPCError) -> Response {
        let filter = ProjectFilter(
            userId: userId, statuses: status?.statuses, createdAfter: createdAfter, createdBefore: createdBefore,
            dueBefore: dueBefore)
        if let cursor, try store.project(.projectID(cursor)) == nil {
            throw .invalidParams("cursor", "names no project")
        }
        let limit = Int(clamping: limit ?? defaultPageLimit)
        // One more than asked tells whether there is a next page.
        var projects = try store.projects(filter, after: cursor, limit: limit + 1)
        let hasMore = projects.count > limit
        if hasMore { projects.removeLast() }
        return Response(
            projects: projects, nextCursor: hasMore ? projects.last?.projectId : nil,
            stats: includeStats == true ? try store.totals(filter).statistics : nil)
    }
}

extension ListProjects.Response: Message {
    package static let title: String? = "ListProjectsResult"
    package static let note = "A page of projects, and the figures if they were asked for."
    package static var blank: Self { Self(projects: []) }

    package mutating func visit(_ fields: inout some FieldVisitor) throws(RPCError) {
        try fields.required("projects", &projects, "Newest first.")
        try fields.optional("nextCursor", &nextCursor, "Where the next page goes on; absent on the last.")
        try fields.optional("stats", &stats, "Figures over all that the filter matches.")
    }
}
