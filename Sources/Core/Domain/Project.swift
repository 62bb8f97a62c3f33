/// A project with the members that callers see.
public struct Project: Sendable, Equatable {
    public var projectId: ProjectID
    public var userId: String
    public var status: Status
    /// The price in credits. It never changes.
    public var creditsUsed: Int64
    /// The refund in credits: all of `creditsUsed` if the project failed, else 0.
    public var creditsRefunded: Int64
    /// The upstream's id.
    public var externalId: String?
    public var name: String?
    public var errorCode: String?
    public var errorMessage: String?
    /// The share that is done, 0 to 1, from the last heartbeat. It is up to date after at most 1 second.
    public var progress: Double?
    /// The current step, as a text for people, from the last heartbeat.
    public var message: String?
    /// The app asked to cancel the project. The answer to the next heartbeat tells the pipeline.
    public var cancelRequested: Bool
    public var createdAt: Timestamp
    public var updatedAt: Timestamp
    public var startedAt: Timestamp?
    public var finishedAt: Timestamp?
    /// When the daemon fails and refunds the project if nobody reports. `nil` after the project has ended.
    public var deadline: Timestamp?
    /// The end of the pause: no report is needed before it. `nil` if the project is not paused. It stays after that
    /// time, until the next heartbeat or report.
    public var pausedUntil: Timestamp?
    /// The failed project that this project repeats.
    public var retryOf: ProjectID?
    public var metadata: Metadata?

    package init(
        projectId: ProjectID, userId: String, status: Status, creditsUsed: Int64, creditsRefunded: Int64,
        externalId: String? = nil, name: String? = nil, errorCode: String? = nil, errorMessage: String? = nil,
        progress: Double? = nil, message: String? = nil, cancelRequested: Bool = false, createdAt: Timestamp,
        updatedAt: Timestamp, startedAt: Timestamp? = nil, finishedAt: Timestamp? = nil, deadline: Timestamp? = nil,
        pausedUntil: Timestamp? = nil, retryOf: ProjectID? = nil, metadata: Metadata? = nil
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
        self.pausedUntil = pausedUntil
        self.retryOf = retryOf
        self.metadata = metadata
    }
}

extension Project: Message {
    package static let title: String? = "Project"
    package static let note = "A piece of paid work of one user."
    package static var blank: Project {
        Project(
            projectId: .blank, userId: "", status: .pending, creditsUsed: 0, creditsRefunded: 0,
            createdAt: .blank, updatedAt: .blank)
    }

    package mutating func visit(_ fields: inout some FieldVisitor) throws(RPCError) {
        try fields.required("projectId", &projectId, "The project's id, made by the daemon.")
        try fields.required("userId", &userId, .userID, "The user who paid.")
        try fields.required("status", &status, "pending, processing, completed or failed.")
        try fields.required("creditsUsed", &creditsUsed, .amount, "The price in credits.")
        try fields.required(
            "creditsRefunded", &creditsRefunded, .amount, "The refund: all of creditsUsed if failed, else 0.")
        try fields.optional("externalId", &externalId, .externalID, "The upstream's id of the project.")
        try fields.optional("name", &name, .line(0...255), "The name that was given at the creation.")
        try fields.optional("errorCode", &errorCode, .errorCode, "Why it failed, as a word for programs.")
        try fields.optional(
            "errorMessage", &errorMessage, .text(0...FailureCode.maximumMessageBytes),
            "Why it failed, as a text for people.")
        try fields.optional("progress", &progress, .part, "The share that is done, 0 to 1.")
        try fields.optional("message", &message, .text(0...1024), "The current step, as a text for people.")
        try fields.required("cancelRequested", &cancelRequested, "Whether the app asked to cancel it while processing.")
        try fields.required("createdAt", &createdAt, "When it was created and charged.")
        try fields.required("updatedAt", &updatedAt, "When it last changed.")
        try fields.optional("startedAt", &startedAt, "When the pipeline first reported.")
        try fields.optional("finishedAt", &finishedAt, "When the first verdict came.")
        try fields.optional("deadline", &deadline, "When the daemon fails and refunds it if nobody reports.")
        try fields.optional(
            "pausedUntil", &pausedUntil, "No report is needed before it. Absent if the project is not paused.")
        try fields.optional("retryOf", &retryOf, "The failed project that this project repeats.")
        try fields.optional("metadata", &metadata, "The metadata that was given at the creation.")
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

    /// The id without its kind.
    package var id: String {
        switch self {
        case .projectID(let id): id.description
        case .externalID(let id): id
        }
    }

    /// Uses `projectId` if both are given.
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
