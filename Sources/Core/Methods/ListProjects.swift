/// Projects, newest first, in pages. With `includeStats` also the totals over all projects that match, from the same
/// snapshot. Errors: `invalidParams` for a cursor that is not the id of a project.
public struct ListProjects: Sendable {
    public var userId: String?
    public var status: StatusFilter?
    /// Created at this time or later.
    public var createdAfter: Timestamp?
    /// Created before this time.
    public var createdBefore: Timestamp?
    /// Rows per page, 1 to 500. 50 if `nil`.
    public var limit: Int64?
    /// `nextCursor` of the previous page.
    public var cursor: ProjectID?
    public var includeStats: Bool?
    /// Unfinished, with a deadline before this time.
    public var dueBefore: Timestamp?

    public init(userId: String? = nil) { self.userId = userId }

    public struct Response: Sendable {
        public var projects: [Project]
        /// `nil` on the last page.
        public var nextCursor: ProjectID?
        public var stats: Statistics?
    }
}

extension ListProjects: ReadMethod {
    package static let name = "listProjects"
    package static let summary = "List projects, newest first, in pages, with totals on request."
    package static let roles = [Role].any
    package static let errors: [ErrorKind] = [.invalidParams]
    package static let cost = ReadCost.scan
    package static var blank: Self { Self() }

    package mutating func visit(_ fields: inout some FieldVisitor) throws(RPCError) {
        try fields.optional("userId", &userId, .userID, "Only projects of this user.")
        try fields.optional("status", &status, "Only projects with this status, or with one of a list.")
        try fields.optional("createdAfter", &createdAfter, "Only projects that were created at this time or later.")
        try fields.optional("createdBefore", &createdBefore, "Only projects that were created before this time.")
        try fields.optional("limit", &limit, .pageLimit, "Projects per page. Default: 50.")
        try fields.optional("cursor", &cursor, "nextCursor of the previous page.")
        try fields.optional("includeStats", &includeStats, "Whether to compute totals over all projects that match.")
        try fields.optional("dueBefore", &dueBefore, "Only unfinished projects with a deadline before this time.")
    }

    package func run(in transaction: ReadTransaction, _ context: CallContext) throws(RPCError) -> Response {
        let filter = ProjectFilter(
            userId: userId, statuses: status?.statuses, createdAfter: createdAfter, createdBefore: createdBefore,
            dueBefore: dueBefore)
        if let cursor, try transaction.project(.projectID(cursor)) == nil {
            throw .invalidParams("cursor", "is not the id of a project")
        }
        let limit = Int(clamping: limit ?? defaultPageLimit)
        // One more row than asked for shows whether there is a next page.
        var projects = try transaction.projects(filter, after: cursor, limit: limit + 1)
        let hasMore = projects.count > limit
        if hasMore { projects.removeLast() }
        return Response(
            projects: projects, nextCursor: hasMore ? projects.last?.projectId : nil,
            stats: includeStats == true ? try transaction.totals(filter).statistics : nil)
    }
}

extension ListProjects.Response: Message {
    package static let title: String? = "ListProjectsResult"
    package static let note = "A page of projects, and the totals if they were asked for."
    package static var blank: Self { Self(projects: []) }

    package mutating func visit(_ fields: inout some FieldVisitor) throws(RPCError) {
        try fields.required("projects", &projects, "The projects, newest first.")
        try fields.optional("nextCursor", &nextCursor, "The cursor of the next page. Absent on the last page.")
        try fields.optional("stats", &stats, "Totals over all projects that match the filter.")
    }
}
