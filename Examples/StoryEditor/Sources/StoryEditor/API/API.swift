internal import Foundation
internal import HTTPTypes
internal import Hummingbird
internal import LifecycleClient

/// The HTTP API: the paths and JSON names that web pages and pipelines already use.
struct API: Sendable {
    let configuration: Configuration
    let client: LifecycleClient
    let studio: Studio

    func addRoutes(to router: Router<AppContext>) {
        router.post("api/story-editor/generate", use: generate)
        router.post("api/story-editor/project/status", use: report)
        router.get("api/story-editor/project/status", use: status)
        router.get("api/user/projects", use: projects)
        router.get("healthz", use: health)
    }

    /// Orders a video: 201 with its project, 200 when the Idempotency-Key was used for it before and it has gone on
    /// since.
    @Sendable func generate(_ request: Request, _ context: AppContext) async throws -> Response {
        let user = try SignedInUser(request, context, configuration)
        try FormGuard.checkOrigin(request)
        let order = try await JSONBody.read(VideoOrder.self, request, context).validated()
        let project = try await studio.order(order, for: user.userId, key: try Self.key(request))
        var response = JSONAnswer.response(
            ProjectBody(project, isAnswer: true), project.status.isTerminal ? .ok : .created)
        response.headers[.location] = "/api/story-editor/project/status?projectId=\(project.projectId)"
        return response
    }

    private struct Report: Decodable {
        let projectId: String
        let status: String
        let errorMessage: String?
    }

    /// A pipeline's verdict, which makes the daemon spend the credits or give them back.
    @Sendable func report(_ request: Request, _ context: AppContext) async throws -> Response {
        try Pipeline.require(request, configuration)
        let report = try await JSONBody.read(Report.self, request, context)
        guard let status = Status(rawValue: report.status), status.isTerminal else {
            throw Problem.unprocessable("status must be completed or failed.")
        }
        // Some pipelines always send it, empty when nothing went wrong.
        let message = report.errorMessage.flatMap { $0.isEmpty ? nil : $0 }
        guard status == .failed || message == nil else {
            throw Problem.unprocessable("errorMessage belongs to the status failed.")
        }
        let answer = try await byEitherId(report.projectId) { projectId in
            try await client.updateStatus(projectId, status, errorMessage: message)
        } external: { externalId in
            try await client.updateStatus(externalId: externalId, status, errorMessage: message)
        }
        return JSONAnswer.response(ReportBody(answer))
    }

    /// A project, for its owner and for pipelines.
    @Sendable func status(_ request: Request, _ context: AppContext) async throws -> Response {
        let owner = Pipeline.isOne(request, configuration) ? nil : try SignedInUser(request, context, configuration)
        guard let id = request.uri.queryParameters["projectId"], !id.isEmpty else {
            throw Problem.unprocessable("projectId is missing.")
        }
        let project = try await byEitherId(String(id)) { projectId in
            try await client.getStatus(projectId)
        } external: { externalId in
            try await client.getStatus(externalId: externalId)
        }
        if let owner, !project.userId.utf8.elementsEqual(owner.userId.utf8) { throw Problem.notFound }
        return JSONAnswer.response(ProjectBody(project, isAnswer: true))
    }

    /// One page of the signed-in user's projects.
    @Sendable func projects(_ request: Request, _ context: AppContext) async throws -> Response {
        let user = try SignedInUser(request, context, configuration)
        let query = try ListQuery(request)
        let wantsStats = try query.flag("includeStats")
        async let listed = client.listProjects(
            userId: user.userId, status: query.status.map { [$0] }, limit: query.limit, cursor: query.cursor,
            includeStats: wantsStats)
        let balance = try await client.getBalance(userId: user.userId)
        let page = try await listed
        return JSONAnswer.response(
            ProjectsBody(
                projects: page.projects.map { ProjectBody($0) }, nextCursor: page.nextCursor?.description,
                balance: .init(available: balance.available, held: balance.held), stats: page.stats.map { .init($0) }))
    }

    /// For who watches over the app: 200 while the daemon answers.
    @Sendable func health(_ request: Request, _ context: AppContext) async throws -> Response {
        struct Health: Encodable {
            let success = true
            let daemon: String
        }
        return JSONAnswer.response(Health(daemon: try await client.checkHealth().version))
    }

    /// Pipelines know a project by the video service's id, and some by ours. Both may look like a UUID.
    private func byEitherId<Answer>(
        _ id: String, own: (ProjectID) async throws -> Answer, external: (String) async throws -> Answer
    ) async throws -> Answer {
        if let projectId = ProjectID(id) {
            do {
                return try await own(projectId)
            } catch let error as ClientError where error.kind == .projectNotFound {}
        }
        return try await external(id)
    }

    private static func key(_ request: Request) throws(Problem) -> String? {
        guard let key = request.headers[.idempotencyKey] else { return nil }
        guard (1...255).contains(key.utf8.count) else {
            throw .unprocessable("Idempotency-Key must have 1 to 255 bytes.")
        }
        return key
    }
}
