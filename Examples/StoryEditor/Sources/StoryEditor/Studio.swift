internal import HTTPTypes
internal import LifecycleClient

/// What users can do: order a video, try a failed one again, cancel. The ledger and the video service are told of it in an
/// order in which nobody ever pays for nothing.
struct Studio: Sendable {
    let client: LifecycleClient
    let service: any VideoService
    let price: Int64
    /// Seconds after which the daemon gives the credits back when this process dies between charge and start.
    let startTimeout: Int64
    private let starts = SharedStarts()

    init(_ client: LifecycleClient, _ service: any VideoService, _ configuration: Configuration) {
        self.client = client
        self.service = service
        price = configuration.price
        startTimeout = configuration.upstreamTimeout + configuration.startMargin
    }

    /// Takes the credits, hands the job over and records its id. The credits are back before this throws `UpstreamError`.
    ///
    /// - Parameter key: The request's Idempotency-Key: the same order is charged and begun once.
    func order(_ order: VideoOrder, for userId: String, key: String?) async throws -> Project {
        var request = CreateProject(userId: userId, credits: price, idempotencyKey: key)
        request.name = order.title
        request.metadata = try Metadata(json: try order.json())
        request.startTimeout = startTimeout
        let toCreate = request
        let project = try await starts.share(Self.name(userId, key)) { [client, service] in
            try await client.withProject(toCreate) { project in
                try await service.start(order, for: project)
            }
        }
        return try replayed(project)
    }

    /// The same for one that has failed. The order is the one that the ledger keeps with it.
    func retry(_ projectId: ProjectID, for userId: String, key: String?) async throws -> Project {
        let failed = try await own(projectId, of: userId)
        guard let text = failed.metadata?.json, let order = try? VideoOrder(json: text) else {
            throw Problem(.conflict, "orderUnknown", "What was ordered is no longer known. Please order it anew.")
        }
        let project = try await starts.share(Self.name(userId, key)) { [client, service] in
            try await client.withRetry(of: projectId, idempotencyKey: key) { project in
                try await service.start(order, for: project)
            }
        }
        return try replayed(project)
    }

    func cancel(_ projectId: ProjectID, for userId: String) async throws -> Project {
        _ = try await own(projectId, of: userId)
        return try await client.cancelProject(projectId).project
    }

    /// A project of this user's. One of another's is as unknown as one that is not there.
    func own(_ projectId: ProjectID, of userId: String) async throws -> Project {
        let project = try await client.getStatus(projectId)
        guard project.userId.utf8.elementsEqual(userId.utf8) else { throw Problem.notFound }
        return project
    }

    /// A key that comes again after its start had failed gets the same answer as the first time.
    private func replayed(_ project: Project) throws(Problem) -> Project {
        guard project.status == .failed, project.errorCode == "createFailed" else { return project }
        var problem = Problem(
            .badGateway, "upstreamFailed", "\(project.errorMessage ?? "The job was not begun.") Your credits are back.")
        problem.projectId = project.projectId.description
        throw problem
    }

    private static func name(_ userId: String, _ key: String?) -> String? { key.map { "\(userId)\u{0}\($0)" } }
}

/// A job that was not begun. The project has failed with it, and its credits are back.
struct FailedStart: Error, CustomStringConvertible {
    let projectId: ProjectID
    let cause: UpstreamError

    /// What stands in the ledger as the reason.
    var description: String { cause.description }
}

extension VideoService {
    /// - Throws: `FailedStart`, or `CancellationError`.
    fileprivate func start(_ order: VideoOrder, for project: Project) async throws -> String {
        do {
            return try await start(order, key: project.projectId.description)
        } catch let cause as UpstreamError {
            throw FailedStart(projectId: project.projectId, cause: cause)
        }
    }
}
