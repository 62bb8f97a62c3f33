/// Everything about one project: where its credits are, and which caller did what at which time. Errors:
/// `projectNotFound`.
public struct ExplainProject: Sendable {
    public var projectId: ProjectID?
    public var externalId: String?

    public init(projectId: ProjectID? = nil, externalId: String? = nil) {
        self.projectId = projectId
        self.externalId = externalId
    }

    public struct Response: Sendable {
        public var project: Project
        /// Oldest first.
        public var entries: [Entry]
        /// Oldest first.
        public var events: [Event]
        /// The number of reports that contradicted the verdict, including those that are not kept as events.
        public var refusedReports: Int64
        /// The history of the project in one sentence.
        public var summary: String
        /// When retention removed the project's history, name, metadata and messages. `nil` if it did not.
        public var trimmedAt: Timestamp?
    }
}

extension ExplainProject: ReadMethod, ProjectMethod {
    package static let name = "explainProject"
    package static let summary = "Where a project's credits are, and who did what when."
    package static let roles = [Role].any
    package static let errors: [ErrorKind] = [.projectNotFound]
    package static let cost = ReadCost.scan
    package static var blank: Self { Self() }

    package mutating func visit(_ fields: inout some FieldVisitor) throws(RPCError) {
        try visitReference(&fields)
    }

    package func run(in store: ReadTransaction, _ context: CallContext) throws(RPCError) -> Response {
        let stored = try store.existingProject(reference)
        let events = try store.events(
            EventFilter(projectId: stored.project.projectId), after: 0, limit: .max)
        return Response(
            project: stored.project, entries: try store.entries(ofProject: stored.row), events: events,
            refusedReports: stored.refusedReports,
            summary: Self.summary(
                of: stored.project, events: events, refusedReports: stored.refusedReports,
                trimmedAt: stored.trimmedAt, at: context.now),
            trimmedAt: stored.trimmedAt)
    }

    /// Texts of callers are quoted and escaped, so that no message can pass for a part of the summary.
    static func summary(
        of project: Project, events: [Event], refusedReports: Int64, trimmedAt: Timestamp? = nil, at now: Timestamp
    ) -> String {
        let credits = project.creditsUsed == 1 ? "1 credit" : "\(project.creditsUsed) credits"
        func by(_ kind: Event.Kind) -> String {
            events.last { $0.kind == kind }.map { " (reported by uid \($0.uid), pid \($0.pid))" } ?? ""
        }
        var parts = ["Created at \(project.createdAt), taking \(credits) from user \(PeerText.named(project.userId))"]
        if let startedAt = project.startedAt, startedAt != project.finishedAt {
            parts.append("started processing at \(startedAt)")
        }
        let end = (project.finishedAt ?? project.updatedAt).description
        switch project.status {
        case .pending, .processing:
            parts.append("still \(project.status.rawValue), its \(credits) held")
            if let until = project.pausedUntil { parts.append(pause(until: until, at: now)) }
            if let deadline = project.deadline {
                let again = project.pausedUntil == nil ? "" : " again"
                parts.append("it is failed and refunded at \(deadline) if nobody reports\(again)")
            }
        case .completed:
            parts.append("completed at \(end)\(by(.completed)), its \(credits) spent")
        case .failed:
            let code = project.errorCode ?? FailureCode.pipelineFailed
            let message = project.errorMessage ?? FailureCode.unspecifiedMessage
            let who = FailureCode.reserved.contains(code) ? " by the daemon" : by(.failed)
            parts.append("failed at \(end)\(who) with \(PeerText.named(code)), \(PeerText.quoted(message))")
            parts.append("its \(credits) given back in the same transaction")
        }
        if refusedReports > 0 {
            parts.append("\(refusedReports) contradicting report\(refusedReports == 1 ? "" : "s") refused afterwards")
        }
        if let trimmedAt { parts.append("its history, name, metadata and messages were removed at \(trimmedAt)") }
        return parts.joined(separator: "; ") + "."
    }

    private static func pause(until end: Timestamp, at now: Timestamp) -> String {
        now < end
            ? "paused until \(end), and the next report ends the pause; a cancellation fails and refunds it at once"
            : "its pause is over since \(end), and nobody has reported yet"
    }
}

extension ExplainProject.Response: Message {
    package static let title: String? = "ExplainProjectResult"
    package static let note = "A project, its lines of the ledger and its history."
    package static var blank: Self {
        Self(project: .blank, entries: [], events: [], refusedReports: 0, summary: "")
    }

    package mutating func visit(_ fields: inout some FieldVisitor) throws(RPCError) {
        try fields.required("project", &project, "The project, as it is now.")
        try fields.required("entries", &entries, "Its lines of the ledger, oldest first.")
        try fields.required("events", &events, "Its history, oldest first.")
        try fields.required("refusedReports", &refusedReports, .count, "Contradicting reports after the verdict.")
        try fields.required("summary", &summary, "The story in one sentence.")
        try fields.optional("trimmedAt", &trimmedAt, "When retention removed its history, name, metadata and messages.")
    }
}
