public import LifecycleCore

/// A function for each method. `call(_:timeout:)` takes the same requests as values, with a timeout for each call.
extension LifecycleClient {
    /// Creates a paid project and charges the user for it, in one transaction.
    ///
    /// - Parameters:
    ///   - userId: The user who pays, 1 to 128 bytes.
    ///   - credits: The price, from 0 to the daemon's limit: 1 000 000 unless an admin changed it.
    ///   - idempotencyKey: 1 to 255 bytes. Requests with the same key charge only once. If `nil`, the client generates
    ///     a key for its own repeats; then a restart of this process before the answer can lead to a second charge.
    ///   - externalId: The upstream's id if it is known already, unique over all projects.
    ///   - name: A name for people to read, at most 255 bytes.
    ///   - metadata: A JSON object that the daemon keeps and returns, at most 16 KiB.
    ///   - startTimeout: The longest time until the first report, in seconds. The daemon's default is 3600.
    ///   - lease: The longest time between two reports, in seconds. The daemon's default is 600.
    ///   - maxRuntime: The longest time from the creation to the verdict, in seconds. The daemon's default is 21 600.
    /// - Throws: `insufficientCredits`, `amountOutOfRange`, `idempotencyConflict`.
    public func createProject(
        userId: String, credits: Int64, idempotencyKey: String? = nil, externalId: String? = nil, name: String? = nil,
        metadata: Metadata? = nil, startTimeout: Int64? = nil, lease: Int64? = nil, maxRuntime: Int64? = nil
    ) async throws(ClientError) -> CreateProject.Response {
        var request = CreateProject(userId: userId, credits: credits, idempotencyKey: idempotencyKey)
        request.externalId = externalId
        request.name = name
        request.metadata = metadata
        request.startTimeout = startTimeout
        request.lease = lease
        request.maxRuntime = maxRuntime
        return try await call(request)
    }

    /// Reports the status of a project. The first verdict is final: `completed` spends its credits, `failed` refunds
    /// them.
    ///
    /// - Parameters:
    ///   - projectId: The project.
    ///   - status: `processing`, `completed` or `failed`.
    ///   - externalId: The upstream's id, to be recorded with the project.
    ///   - errorMessage: Why it failed, as a text for people. Cut after 8 KiB.
    ///   - errorCode: Why it failed, as a word for programs. `pipelineFailed` if `nil`.
    /// - Throws: `projectNotFound`, `terminalState` if the project has another verdict, `idempotencyConflict` if it has
    ///   another externalId.
    public func updateStatus(
        _ projectId: ProjectID, _ status: Status, externalId: String? = nil, errorMessage: String? = nil,
        errorCode: String? = nil
    ) async throws(ClientError) -> UpdateStatus.Response {
        try await call(
            UpdateStatus(
                projectId: projectId, externalId: externalId, status: status, errorMessage: errorMessage,
                errorCode: errorCode))
    }

    /// Reports the status of a project that is named by the upstream's id.
    public func updateStatus(
        externalId: String, _ status: Status, errorMessage: String? = nil, errorCode: String? = nil
    ) async throws(ClientError) -> UpdateStatus.Response {
        try await call(
            UpdateStatus(externalId: externalId, status: status, errorMessage: errorMessage, errorCode: errorCode))
    }

    /// Tells the daemon that the pipeline still works on a project that is processing, and renews its lease. The answer
    /// says whether to stop: because the app asked to cancel the project, or because it has ended.
    ///
    /// - Parameters:
    ///   - projectId: The project.
    ///   - progress: The share that is done, from 0 to 1. Unchanged if `nil`.
    ///   - message: The current step, as a text for people, at most 1024 bytes. Unchanged if `nil`.
    ///   - attach: Attaches the lease to this client's connection: if this process dies, the project fails with the
    ///     code `crashed` after the daemon's detach grace. Attach once: the client then keeps the connection open, also
    ///     while it is idle, and attaches the lease again after a lost connection, until the project has ended,
    ///     ``detach(_:)`` is called or the client is closed. It sends no heartbeats: you still have to renew the lease.
    ///   - pause: Pauses the project for this number of seconds, in which no report is needed, and detaches its lease.
    ///     The next heartbeat or report ends the pause. Without one the project fails one lease after the pause. The
    ///     answer's `pausedUntil` is `nil` if the project is not paused because it has ended or is to be cancelled.
    /// - Throws: `projectNotFound`. With `pause` also `invalidTransition` if the project is pending, and
    ///   `amountOutOfRange` if all its pauses together would be longer than the daemon allows.
    public func heartbeat(
        _ projectId: ProjectID, progress: Double? = nil, message: String? = nil, attach: Bool = false,
        pause: Int64? = nil
    ) async throws(ClientError) -> Heartbeat.Response {
        try await call(
            Heartbeat(
                projectId: projectId, progress: progress, message: message, attach: attach ? true : nil, pause: pause))
    }

    /// Sends a heartbeat for a project that is named by the upstream's id.
    public func heartbeat(
        externalId: String, progress: Double? = nil, message: String? = nil, attach: Bool = false, pause: Int64? = nil
    ) async throws(ClientError) -> Heartbeat.Response {
        try await call(
            Heartbeat(
                externalId: externalId, progress: progress, message: message, attach: attach ? true : nil, pause: pause)
        )
    }

    /// Detaches a project's lease from this client's connection, after `heartbeat(attach:)`. From then on the end of
    /// this process does not fail the project. Call it when another process takes the project over. If that process has
    /// attached the lease already, the lease stays attached to it. The call is a heartbeat too.
    ///
    /// - Throws: `projectNotFound`.
    public func detach(_ projectId: ProjectID) async throws(ClientError) -> Heartbeat.Response {
        try await call(Heartbeat(projectId: projectId, attach: false))
    }

    /// Detaches the lease of a project that is named by the upstream's id.
    public func detach(externalId: String) async throws(ClientError) -> Heartbeat.Response {
        try await call(Heartbeat(externalId: externalId, attach: false))
    }

    /// Cancels a project. If it is pending or paused, it fails at once and is refunded. If it is processing, its
    /// pipeline is told to stop, in the answer to its next heartbeat.
    ///
    /// - Throws: `projectNotFound`, `terminalState` if it is completed.
    public func cancelProject(_ projectId: ProjectID) async throws(ClientError) -> CancelProject.Response {
        try await call(CancelProject(projectId: projectId))
    }

    /// Repeats a failed project, as a new project that is charged again.
    ///
    /// - Parameters:
    ///   - projectId: The failed project.
    ///   - idempotencyKey: 1 to 255 bytes. Requests with the same key charge only once. Generated if `nil`.
    /// - Throws: `projectNotFound`, `invalidTransition` if it has not failed, `insufficientCredits`.
    public func retryProject(
        _ projectId: ProjectID, idempotencyKey: String? = nil
    ) async throws(ClientError) -> RetryProject.Response {
        try await call(RetryProject(projectId: projectId, idempotencyKey: idempotencyKey))
    }

    /// Returns a project. Throws `projectNotFound`.
    public func getStatus(_ projectId: ProjectID) async throws(ClientError) -> Project {
        try await call(GetStatus(projectId: projectId)).project
    }

    /// Returns a project that is named by the upstream's id. Throws `projectNotFound`.
    public func getStatus(externalId: String) async throws(ClientError) -> Project {
        try await call(GetStatus(externalId: externalId)).project
    }

    /// Returns one page of projects, newest first.
    ///
    /// - Parameters:
    ///   - userId: Only projects of this user.
    ///   - status: Only projects with one of these statuses.
    ///   - createdAfter: Only projects that were created at this time or later.
    ///   - createdBefore: Only projects that were created before this time.
    ///   - limit: The number of projects in a page, 1 to 500. 50 if `nil`.
    ///   - cursor: `nextCursor` of the previous page.
    ///   - includeStats: Also compute totals over all projects that match.
    ///   - dueBefore: Only unfinished projects with a deadline before this time.
    public func listProjects(
        userId: String? = nil, status: [Status]? = nil, createdAfter: Timestamp? = nil, createdBefore: Timestamp? = nil,
        limit: Int64? = nil, cursor: ProjectID? = nil, includeStats: Bool = false, dueBefore: Timestamp? = nil
    ) async throws(ClientError) -> ListProjects.Response {
        var request = ListProjects(userId: userId)
        request.status = status.map(StatusFilter.init)
        request.createdAfter = createdAfter
        request.createdBefore = createdBefore
        request.limit = limit
        request.cursor = cursor
        request.includeStats = includeStats ? true : nil
        request.dueBefore = dueBefore
        return try await call(request)
    }

    /// Returns a project with its ledger entries and its history. Throws `projectNotFound`.
    public func explainProject(_ projectId: ProjectID) async throws(ClientError) -> ExplainProject.Response {
        try await call(ExplainProject(projectId: projectId))
    }

    /// Returns a user's credits. Zeros for an unknown user.
    public func getBalance(userId: String) async throws(ClientError) -> Balance {
        try await call(GetBalance(userId: userId))
    }

    /// Returns one page of a user's ledger entries, newest first.
    ///
    /// - Parameters:
    ///   - userId: The user.
    ///   - limit: The number of entries in a page, 1 to 500. 50 if `nil`.
    ///   - cursor: `nextCursor` of the previous page.
    public func listEntries(
        userId: String, limit: Int64? = nil, cursor: String? = nil
    ) async throws(ClientError) -> ListEntries.Response {
        var request = ListEntries(userId: userId)
        request.limit = limit
        request.cursor = cursor
        return try await call(request)
    }

    /// Gives a user credits. For admins only.
    ///
    /// - Parameters:
    ///   - userId: The user who gets the credits.
    ///   - credits: 1 or more.
    ///   - reason: Kept in the ledger, 1 to 1024 bytes.
    ///   - idempotencyKey: Requests with the same key take effect once. Generated if `nil`.
    /// - Throws: `permissionDenied`, `amountOutOfRange`, `idempotencyConflict`.
    public func grantCredits(
        userId: String, credits: Int64, reason: String, idempotencyKey: String? = nil
    ) async throws(ClientError) -> PostedEntry {
        try await call(GrantCredits(userId: userId, credits: credits, reason: reason, idempotencyKey: idempotencyKey))
    }

    /// Corrects a user's credits, up or down. For admins only.
    ///
    /// - Throws: `permissionDenied`, `amountOutOfRange`, `insufficientCredits`, `idempotencyConflict`.
    public func adjustCredits(
        userId: String, credits: Int64, reason: String, idempotencyKey: String? = nil
    ) async throws(ClientError) -> PostedEntry {
        try await call(AdjustCredits(userId: userId, credits: credits, reason: reason, idempotencyKey: idempotencyKey))
    }

    /// Checks every invariant of the ledger over all rows. For admins only. The duration grows with the ledger.
    public func audit() async throws(ClientError) -> Audit.Response { try await call(Audit()) }

    /// Copies the whole ledger into a new file in the daemon's backup folder, and checks the copy. For admins only.
    ///
    /// - Parameters:
    ///   - path: The file's name, or its absolute path in the backup folder.
    ///   - timeout: Used instead of the client's timeout, because the duration grows with the ledger.
    /// - Throws: `backupFailed`, with the reason.
    public func backup(
        to path: String, timeout: Duration = .seconds(3600)
    ) async throws(ClientError) -> Backup.Response {
        try await call(Backup(path: path), timeout: timeout)
    }

    /// Returns the daemon's metrics since its start.
    public func getMetrics() async throws(ClientError) -> GetMetrics.Response { try await call(GetMetrics()) }
}
