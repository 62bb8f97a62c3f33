internal import LifecycleClient

/// A project as the API shows it to its owner and to pipelines.
struct ProjectBody: Encodable {
    /// Only of an answer that is one project.
    var success: Bool?
    let projectId: String
    let userId: String
    let status: String
    let creditsUsed: Int64
    let creditsRefunded: Int64
    let externalId: String?
    let name: String?
    let errorCode: String?
    let errorMessage: String?
    let progress: Double?
    let message: String?
    let cancelRequested: Bool
    let createdAt: String
    let updatedAt: String
    let finishedAt: String?
    let retryOf: String?

    init(_ project: Project, isAnswer: Bool = false) {
        if isAnswer { success = true }
        projectId = project.projectId.description
        userId = project.userId
        status = project.status.rawValue
        creditsUsed = project.creditsUsed
        creditsRefunded = project.creditsRefunded
        externalId = project.externalId
        name = project.name
        errorCode = project.errorCode
        errorMessage = project.errorMessage
        progress = project.progress
        message = project.message
        cancelRequested = project.cancelRequested
        createdAt = project.createdAt.description
        updatedAt = project.updatedAt.description
        finishedAt = project.finishedAt?.description
        retryOf = project.retryOf?.description
    }
}

/// What a pipeline's report did.
struct ReportBody: Encodable {
    let success = true
    let projectId: String
    let status: String
    /// false: it was known already.
    let changed: Bool
    let creditsRefunded: Int64

    init(_ answer: UpdateStatus.Response) {
        projectId = answer.project.projectId.description
        status = answer.project.status.rawValue
        changed = answer.changed
        creditsRefunded = answer.creditsRefunded
    }
}

/// One page of a user's projects.
struct ProjectsBody: Encodable {
    struct Balance: Encodable {
        let available: Int64
        let held: Int64
    }

    struct Stats: Encodable {
        let total: Int64
        let byStatus: [String: Int64]
        let creditsUsed: Int64
        let creditsRefunded: Int64
        let creditsHeld: Int64
        let creditsCaptured: Int64
        let successRate: Double?
        let averageSeconds: Double?

        init(_ stats: Statistics) {
            total = stats.total
            byStatus = [
                "pending": stats.byStatus.pending, "processing": stats.byStatus.processing,
                "completed": stats.byStatus.completed, "failed": stats.byStatus.failed,
            ]
            creditsUsed = stats.creditsUsed
            creditsRefunded = stats.creditsRefunded
            creditsHeld = stats.creditsHeld
            creditsCaptured = stats.creditsCaptured
            successRate = stats.successRate
            averageSeconds = stats.averageSeconds
        }
    }

    let success = true
    let projects: [ProjectBody]
    /// Ask with it for the next page; absent on the last.
    let nextCursor: String?
    let balance: Balance
    let stats: Stats?
}
