/// A paid project, as callers see it.
public struct Project: Sendable, Equatable {
    public var projectId: ProjectID
    public var userId: String
    public var status: Status
    /// What it cost, in credits. Never changes.
    public var creditsUsed: Int64
    /// What was given back: all of `creditsUsed` when failed, else 0.
    public var creditsRefunded: Int64
    /// The upstream's id.
    public var externalId: String?
    public var name: String?
    public var errorCode: String?
    public var errorMessage: String?
    /// How far the pipeline is, 0 to 1, as its last heartbeat said; what a heartbeat says shows up within a second.
    public var progress: Double?
    /// What the pipeline does, for people, as its last heartbeat said.
    public var message: String?
    /// The app wants it cancelled: the pipeline learns it from its next heartbeat.
    public var cancelRequested: Bool
    public var createdAt: Timestamp
    public var updatedAt: Timestamp
    public var startedAt: Timestamp?
    public var finishedAt: Timestamp?
    /// When the daemon itself fails and refunds it if nobody reports; absent when it has ended.
    public var deadline: Timestamp?
    /// The failed project that this one does again.
    public var retryOf: ProjectID?
    public var metadata: Metadata?

    package init(
        projectId: ProjectID, userId: String, status: Status, creditsUsed: Int64, creditsRefunded: Int64,
        externalId: String? = nil, name: String? = nil, errorCode: String? = nil, errorMessage: String? = nil,
        progress: Double? = nil, message: String? = nil, cancelRequested: Bool = false, createdAt: Timestamp,
        updatedAt: Timestamp, startedAt: Timestamp? = nil, finishedAt: Timestamp? = nil, deadline: Timestamp? = nil,
        retryOf: ProjectID? = nil, metadata: Metadata? = nil
    ) {
        self.projectId = projectId
        self.userId = userId
        self.status = status
        self.creditsUsed = creditsUsed
        self.creditsRefunded = creditsRefunded
        self.externalId = externalId
        self.name = name
        self.errorCode = errorCode
        self.errorMessage = errorMessage
        self.progress = progress
        self.message = message
        self.cancelRequested = cancelRequested
        self.createdAt = createdAt
        self.updatedAt = updatedAt
        self.startedAt = startedAt
        self.finishedAt = finishedAt
        self.deadline = deadline
        self.retryOf = retryOf
        self.metadata = metadata
    }
}

extension Project: Message {
    package static let title: String? = "Project"
    package static let note = "Paid work of one user."
    package static var blank: Project {
        Project(
            projectId: .blank, userId: "", status: .pending, creditsUsed: 0, creditsRefunded: 0,
            createdAt: .blank, updatedAt: .blank)
    }

    package mutating func visit(_ fields: inout some FieldVisitor) throws(RPCError) {
        try fields.required("projectId", &projectId, "The daemon's id.")
        try fields.required("userId", &userId, .userID, "Whose credits paid.")
        try fields.required("status", &status, "pending, processing, completed or failed.")
        try fields.required("creditsUsed", &creditsUsed, .amount, "What it cost.")
        try fields.required("creditsRefunded", &creditsRefunded, .amount, "All of creditsUsed when failed, else 0.")
        try fields.optional("externalId", &externalId, .externalID, "The upstream's id.")
        try fields.optional("name", &name, .line(0...255), "As given at creation.")
        try fields.optional("errorCode", &errorCode, .errorCode, "Why it failed, a stable word.")
        try fields.optional(
            "errorMessage", &errorMessage, .text(0...FailureCode.maximumMessageBytes), "Why it failed, for people.")
        try fields.optional("progress", &progress, .part, "How far the pipeline is, 0 to 1.")
        try fields.optional("message", &message, .text(0...1024), "What the pipeline does, for people.")
        try fields.required("cancelRequested", &cancelRequested, "The app wants it cancelled.")
        try fields.required("createdAt", &createdAt, "When it was created and charged.")
        try fields.required("updatedAt", &updatedAt, "When it last changed.")
        try fields.optional("startedAt", &startedAt, "When the pipeline first reported.")
        try fields.optional("finishedAt", &finishedAt, "When the first verdict came.")
        try fields.optional("deadline", &deadline, "When the daemon fails and refunds it if nobody reports.")
        try fields.optional("retryOf", &retryOf, "The failed project that this one does again.")
        try fields.optional("metadata", &metadata, "As given at creation.")
    }
}

/// How a request names a project.
package enum ProjectReference: Sendable, CustomStringConvertible {
    case projectID(ProjectID)
    case externalID(String)

    package var description: String {
        switch self {
        case .projectID(let id): "projectId \(id)"
        case .externalID(let id): "externalId \(PeerText.named(id, maximumBytes: 64))"
        }
    }

    /// The id as it was given.
    package var id: String {
        switch self {
        case .projectID(let id): id.description
        case .externalID(let id): id
        }
    }

    /// `projectId` when both are given.
    package init(projectId: ProjectID?, externalId: String?) throws(RPCError) {
        if let projectId {
            self = .projectID(projectId)
        } else if let externalId {
            self = .externalID(externalId)
        } else {
            throw .invalidParams("projectId", "is missing: name the project by projectId or externalId")
        }
    }
}
