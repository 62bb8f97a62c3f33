internal import HTTPTypes
internal import LifecycleClient
internal import Logging
internal import Synchronization

/// What users can do: order a video, try a failed one again, cancel. The ledger and the video service are told of it in
/// an order in which nobody ever pays for nothing.
struct Studio: Sendable {
    let client: LifecycleClient
    let service: any VideoService
    let price: Int64
    /// Seconds after which the daemon gives the credits back when this process dies between charge and start.
    let startTimeout: Int64
    private let starts = SharedStarts()
    private let logger: Logger

    init(_ client: LifecycleClient, _ service: any VideoService, _ configuration: Configuration, _ logger: Logger) {
        self.client = client
        self.service = service
        self.logger = logger
        price = configuration.price
        startTimeout = configuration.upstreamTimeout + configuration.startMargin
    }

    /// Takes the credits, hands the job over and records its id. The credits are back before this throws `FailedStart`.
    ///
    /// - Parameter key: The request's Idempotency-Key: the same order is charged and begun once.
    func order(_ order: VideoOrder, for userId: String, key: String?) async throws -> Project {
        let text = try order.json()
        var request = CreateProject(userId: userId, credits: price, idempotencyKey: key)
        request.name = order.title
        do { request.metadata = try Metadata(json: text) } catch {
            throw Problem.unprocessable("The order is too long: its names have too many bytes.")
        }
        request.startTimeout = startTimeout
        let toCreate = request
        return try await begin(order, as: key.map { [userId, $0, text] }) { [client] start in
            try await client.withProject(toCreate, start)
        }
    }

    /// The same for one that has failed. The order is the one that the ledger keeps with it.
    func retry(_ projectId: ProjectID, for userId: String, key: String) async throws -> Project {
        let failed = try await own(projectId, of: userId)
        guard let text = failed.metadata?.json, let order = try? VideoOrder(json: text) else {
            throw Problem(.conflict, "orderUnknown", "What was ordered is no longer known. Please order it anew.")
        }
        return try await begin(order, as: [userId, key, projectId.description]) { [client] start in
            try await client.withRetry(of: projectId, idempotencyKey: key, start)
        }
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
}

// MARK: Starting a job

extension Studio {
    private typealias Start = @Sendable (Project) async throws -> String

    /// The ledger's word for a job that was not begun.
    private static let notBegun = "createFailed"

    /// - Parameters:
    ///   - name: of the start, in parts: whose, under which key, and what of. Nil: nobody can ask for the same.
    ///   - hand: makes the project and gives it to the function that starts its job.
    private func begin(
        _ order: VideoOrder, as name: [String]?, _ hand: @escaping @Sendable (Start) async throws -> Project
    ) async throws -> Project {
        let project = try await starts.share(name?.joined(separator: "\u{0}")) {
            let begun = Begun()
            do {
                return try await hand { project in
                    let externalId = try await service.start(order, for: project)
                    begun.set(project.projectId, externalId)
                    return externalId
                }
            } catch let error as ClientError where error.refusal?.kind.retryable == false {
                guard let job = begun.job else { throw error }
                return try await settle(job.projectId, job.externalId, error)
            }
        }
        // A key that comes again after its start had failed gets the same answer as the first time.
        guard project.status == .failed, project.errorCode == Self.notBegun else { return project }
        var problem = Problem(
            .badGateway, "upstreamFailed", "\(project.errorMessage ?? "The job was not begun.") Your credits are back.")
        problem.projectId = project.projectId.description
        throw problem
    }

    /// The job is begun, and the daemon refuses to note its id.
    private func settle(_ projectId: ProjectID, _ externalId: String, _ refusal: ClientError) async throws -> Project {
        logger.error(
            "a job runs that no project knows",
            metadata: ["project": "\(projectId)", "job": "\(externalId)", "cause": "\(refusal)"])
        let project = try await client.getStatus(projectId)
        // It has ended meanwhile (cancelled, or too late), or another process has begun it.
        guard project.status == .pending else { return project }
        let cause = UpstreamError.badAnswer("its id of the project is another's")
        _ = try await client.updateStatus(
            projectId, .failed, errorMessage: cause.description, errorCode: Self.notBegun)
        throw FailedStart(projectId: projectId, cause: cause)
    }
}

/// The job that a start has begun.
private final class Begun: Sendable {
    private let state = Mutex<(projectId: ProjectID, externalId: String)?>(nil)

    var job: (projectId: ProjectID, externalId: String)? { state.withLock { $0 } }

    func set(_ projectId: ProjectID, _ externalId: String) { state.withLock { $0 = (projectId, externalId) } }
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
