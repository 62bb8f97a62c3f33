public import LifecycleCore

extension LifecycleClient {
    /// Creates a paid project and passes it to the upstream. If the upstream does not start the work, the user is
    /// refunded.
    ///
    /// The function creates the project, which charges the user, and then runs `body`: the call to the upstream. The id
    /// that `body` returns is reported with the status `processing`. If `body` throws, or the task is cancelled during
    /// `body`, the project is reported as failed (`createFailed`) and refunded before this function throws. If the
    /// process dies during `body`, the project's start timeout refunds it.
    ///
    /// If the idempotency key was used before, `body` runs again only while the project is still `pending`. Pass the
    /// project's id to the upstream as its idempotency key, so that the work starts only once. If `body` throws in this
    /// case, the project is not reported as failed: another process, which created it, may be starting the work now,
    /// and a refund would be wrong. If nobody starts the work, the start timeout refunds the project.
    ///
    /// - Parameters:
    ///   - request: The project to create.
    ///   - isolation: Where `body` runs: the caller's isolation.
    ///   - body: Returns the upstream's id of the work, 1 to 255 bytes.
    /// - Returns: The project. It is `processing` unless a pipeline has reported a verdict already.
    /// - Throws: The error of `body`. `CancellationError` if the task was cancelled before `body`. `ClientError` if the
    ///   project could not be created (`outcome` says whether it may exist all the same; a repeat with its
    ///   `idempotencyKey` charges only once), or if the start of the work could not be reported (the work runs, and the
    ///   pipeline's reports are accepted).
    public func withProject(
        _ request: CreateProject, isolation: isolated (any Actor)? = #isolation,
        _ body: (Project) async throws -> String
    ) async throws -> Project {
        try await hand(body, hasOwnKey: request.idempotencyKey == nil) { client throws(ClientError) in
            try await client.call(request)
        }
    }

    /// Repeats a failed project with `retryProject`, and passes the new project to the upstream as `withProject` does.
    ///
    /// - Parameters:
    ///   - projectId: The failed project. The new project has the same price, name, metadata and times.
    ///   - idempotencyKey: 1 to 255 bytes. Requests with the same key charge only once. Generated if `nil`.
    ///   - isolation: Where `body` runs: the caller's isolation.
    ///   - body: Returns the upstream's id of the new work, 1 to 255 bytes.
    /// - Returns: The new project.
    /// - Throws: As `withProject`, and `projectNotFound` or `invalidTransition` if the old project has not failed.
    public func withRetry(
        of projectId: ProjectID, idempotencyKey: String? = nil, isolation: isolated (any Actor)? = #isolation,
        _ body: (Project) async throws -> String
    ) async throws -> Project {
        try await hand(body, hasOwnKey: idempotencyKey == nil) { client throws(ClientError) in
            try await client.retryProject(projectId, idempotencyKey: idempotencyKey)
        }
    }

    /// Creates a project and passes it to `body`.
    ///
    /// - Parameter hasOwnKey: the idempotency key was generated here, so no other process can have used it.
    private func hand(
        _ body: (Project) async throws -> String, hasOwnKey: Bool, isolation: isolated (any Actor)? = #isolation,
        _ create: @escaping @Sendable (LifecycleClient) async throws(ClientError) -> CreateProject.Response
    ) async throws -> Project {
        try Task.checkCancellation()
        // Not cancelled with the task: a project that was created and forgotten would hold its credits until its start
        // timeout.
        let created = try await shielded(create)
        let project = created.project
        guard project.status == .pending else { return project }

        let externalId: String
        do {
            try Task.checkCancellation()
            externalId = try await body(project)
        } catch {
            // If a project is a replay of a key from outside, another process may be working on it.
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

    /// Creates a project and passes it to the upstream, with the parameters of `createProject`.
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
        let message = cause is CancellationError ? "the caller was cancelled" : "\(cause)"
        do throws(ClientError) {
            _ = try await shielded { client throws(ClientError) in
                try await client.updateStatus(
                    projectId, .failed, errorMessage: message, errorCode: FailureCode.createFailed)
            }
        } catch {
            telemetry.leftToTimeout(projectId, error)
        }
    }

    /// Runs a call to its end, even if this task is cancelled.
    private func shielded<Value: Sendable>(
        _ call: @escaping @Sendable (LifecycleClient) async throws(ClientError) -> Value
    ) async throws(ClientError) -> Value {
        let task = Task { () async -> Result<Value, ClientError> in
            do throws(ClientError) { return .success(try await call(self)) } catch { return .failure(error) }
        }
        return try await task.value.get()
    }
}
