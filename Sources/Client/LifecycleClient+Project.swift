public import LifecycleCore

extension LifecycleClient {
    /// Starts a paid project and hands it to who does the work, so that the user never pays for work that nobody began.
    ///
    /// It creates the project, which takes the credits, and runs `body`: the call to the upstream. The id that it
    /// returns is reported with the status `processing`. When it throws, or the task is cancelled in it, the project is
    /// reported failed (`createFailed`) and its credits are back before this function throws. When the whole process
    /// dies in it, the project's start timeout gives them back.
    ///
    /// With an idempotency key that was used before, `body` runs again only while the project is still `pending`: give
    /// the upstream the project's id as a key of its own, so that it begins once. When `body` throws then, the project is
    /// left as it is: whoever made it may be starting the work at this moment, and a refund would be for work that runs.
    /// If nobody does, its start timeout gives the credits back.
    ///
    /// - Parameters:
    ///   - request: What to create, and for whom.
    ///   - isolation: Where `body` runs: the caller's own.
    ///   - body: Returns the upstream's id of the work, 1 to 255 bytes.
    /// - Returns: The project, which is `processing` unless a pipeline has reported more meanwhile.
    /// - Throws: What `body` throws; `CancellationError` when the task was cancelled before it; `ClientError` when the
    ///   project could not be created (nothing was taken then, or `outcome` says so; with its `idempotencyKey` the same
    ///   call is charged once) or when the start of the work could not be reported (the work runs: the pipeline's own
    ///   reports go on from there).
    public func withProject(
        _ request: CreateProject, isolation: isolated (any Actor)? = #isolation,
        _ body: (Project) async throws -> String
    ) async throws -> Project {
        try await hand(body, hasOwnKey: request.idempotencyKey == nil) { client throws(ClientError) in
            try await client.call(request)
        }
    }

    /// Does a failed project again: `retryProject`, and then as `withProject` the call to who does the work.
    ///
    /// - Parameters:
    ///   - projectId: The failed project. The new one has its price, name, metadata and times.
    ///   - idempotencyKey: 1 to 255 bytes; repeats with the same key charge once. One is made when nil.
    ///   - isolation: Where `body` runs: the caller's own.
    ///   - body: Returns the upstream's id of the new work, 1 to 255 bytes.
    /// - Returns: The new project.
    /// - Throws: As `withProject`; `projectNotFound`, `invalidTransition` when the old one has not failed.
    public func withRetry(
        of projectId: ProjectID, idempotencyKey: String? = nil, isolation: isolated (any Actor)? = #isolation,
        _ body: (Project) async throws -> String
    ) async throws -> Project {
        try await hand(body, hasOwnKey: idempotencyKey == nil) { client throws(ClientError) in
            try await client.retryProject(projectId, idempotencyKey: idempotencyKey)
        }
    }

    /// Creates a project and hands it to `body`.
    ///
    /// - Parameter hasOwnKey: nobody else can have the key that the creation is made with.
    private func hand(
        _ body: (Project) async throws -> String, hasOwnKey: Bool, isolation: isolated (any Actor)? = #isolation,
        _ create: @escaping @Sendable (LifecycleClient) async throws(ClientError) -> CreateProject.Response
    ) async throws -> Project {
        try Task.checkCancellation()
        // Shielded: a creation that was sent and then forgotten would hold the credits until the start timeout.
        let created = try await shielded(create)
        let project = created.project
        guard project.status == .pending else { return project }

        let externalId: String
        do {
            try Task.checkCancellation()
            externalId = try await body(project)
        } catch {
            // A replay is only ours for sure when the key is: else another process may be at work for it.
            if hasOwnKey || !created.replayed {
                await reportFailed(project.projectId, error)
            } else {
                telemetry.leftToMaker(project.projectId)
            }
            throw error
        }
        return try await shielded { client throws(ClientError) in
            try await client.updateStatus(project.projectId, .processing, externalId: externalId).project
        }
    }

    /// The same with the request's parts as parameters; see `createProject` for what they mean.
    public func withProject(
        userId: String, credits: Int64, idempotencyKey: String? = nil, name: String? = nil, metadata: Metadata? = nil,
        startTimeout: Int64? = nil, isolation: isolated (any Actor)? = #isolation,
        _ body: (Project) async throws -> String
    ) async throws -> Project {
        var request = CreateProject(userId: userId, credits: credits, idempotencyKey: idempotencyKey)
        request.name = name
        request.metadata = metadata
        request.startTimeout = startTimeout
        return try await withProject(request, body)
    }

    private func reportFailed(_ projectId: ProjectID, _ cause: any Error) async {
        let message = cause is CancellationError ? "the caller gave up" : "\(cause)"
        do throws(ClientError) {
            _ = try await shielded { client throws(ClientError) in
                try await client.updateStatus(
                    projectId, .failed, errorMessage: message, errorCode: FailureCode.createFailed)
            }
        } catch {
            telemetry.leftToTimeout(projectId, error)
        }
    }

    /// Runs a call to its end though this task may be cancelled.
    private func shielded<Value: Sendable>(
        _ call: @escaping @Sendable (LifecycleClient) async throws(ClientError) -> Value
    ) async throws(ClientError) -> Value {
        let task = Task { () async -> Result<Value, ClientError> in
            do throws(ClientError) { return .success(try await call(self)) } catch { return .failure(error) }
        }
        return try await task.value.get()
    }
}
