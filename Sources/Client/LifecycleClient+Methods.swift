public import LifecycleCore

/// One function for each method, for reading code aloud; `call(_:timeout:)` takes the same requests as values, with a
/// timeout of their own.
extension LifecycleClient {
    /// Starts a paid project: takes its credits from the user, in one transaction with its creation.
    ///
    /// - Parameters:
    ///   - userId: Whose credits pay, 1 to 128 bytes.
    ///   - credits: 0 to the daemon's limit, 1 000 000 unless an admin changed it.
    ///   - idempotencyKey: 1 to 255 bytes; repeats with the same key charge once. One is made when nil, which protects
    ///     against everything but a restart of this process.
    ///   - externalId: The upstream's id if it is known already, unique over all projects.
    ///   - name: For people, at most 255 bytes.
    ///   - metadata: Kept and given back, at most 16 KiB.
    ///   - startTimeout: Seconds until the first report must come; the daemon's default is 3600.
    ///   - lease: Seconds from one report to the next; the daemon's default is 600.
    ///   - maxRuntime: Seconds from creation to the verdict; the daemon's default is 21 600.
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

    /// Reports what became of a project. The first verdict wins: `completed` spends its credits, `failed` gives them back.
    ///
    /// - Parameters:
    ///   - projectId: Which project.
    ///   - status: `processing`, `completed` or `failed`.
    ///   - externalId: The upstream's id; recorded with the project.
    ///   - errorMessage: Why it failed, for people; cut after 8 KiB.
    ///   - errorCode: Why it failed, a stable word; `pipelineFailed` when nil.
    /// - Throws: `projectNotFound`, `terminalState` when another verdict stands, `idempotencyConflict` for another
    ///   externalId.
    public func updateStatus(
        _ projectId: ProjectID, _ status: Status, externalId: String? = nil, errorMessage: String? = nil,
        errorCode: String? = nil
    ) async throws(ClientError) -> UpdateStatus.Response {
        try await call(
            UpdateStatus(
                projectId: projectId, externalId: externalId, status: status, errorMessage: errorMessage,
                errorCode: errorCode))
    }

    /// The same for a project that is known by the upstream's id.
    public func updateStatus(
        externalId: String, _ status: Status, errorMessage: String? = nil, errorCode: String? = nil
    ) async throws(ClientError) -> UpdateStatus.Response {
        try await call(
            UpdateStatus(externalId: externalId, status: status, errorMessage: errorMessage, errorCode: errorCode))
    }

    /// A pipeline's sign of life: renews the lease of a project that is processing. The answer says whether to stop: the app
    /// may want it cancelled, or it has ended.
    ///
    /// - Parameters:
    ///   - projectId: Which project.
    ///   - progress: How far it is, 0 to 1; as before when nil.
    ///   - message: What it does, for people, at most 1024 bytes; as before when nil.
    ///   - attach: Ties the lease to this client's connection: when this process dies, the project fails as `crashed` after
    ///     the daemon's detach grace. Once is enough: the client keeps the connection open, however idle it is, and ties
    ///     the lease again after a lost one, until the project has ended, ``detach(_:)`` is called or the client is
    ///     closed. It does not beat: the lease still has to be renewed.
    /// - Throws: `projectNotFound`.
    public func heartbeat(
        _ projectId: ProjectID, progress: Double? = nil, message: String? = nil, attach: Bool = false
    ) async throws(ClientError) -> Heartbeat.Response {
        try await call(
            Heartbeat(projectId: projectId, progress: progress, message: message, attach: attach ? true : nil))
    }

    /// The same for a project that is known by the upstream's id.
    public func heartbeat(
        externalId: String, progress: Double? = nil, message: String? = nil, attach: Bool = false
    ) async throws(ClientError) -> Heartbeat.Response {
        try await call(
            Heartbeat(externalId: externalId, progress: progress, message: message, attach: attach ? true : nil))
    }

    /// Unties a project's lease from this client's connection, which `heartbeat(attach:)` has tied: the end of this
    /// process means nothing to the project from then on. Call it where another process takes the project over; one that
    /// has attached it already keeps it. A sign of life, too.
    ///
    /// - Throws: `projectNotFound`.
    public func detach(_ projectId: ProjectID) async throws(ClientError) -> Heartbeat.Response {
        try await call(Heartbeat(projectId: projectId, attach: false))
    }

    /// The same for a lease that was attached by the upstream's id.
    public func detach(externalId: String) async throws(ClientError) -> Heartbeat.Response {
        try await call(Heartbeat(externalId: externalId, attach: false))
    }

    /// Cancels a project: one that is pending fails at once and is refunded; of one that is processing the pipeline learns it
    /// from its next heartbeat.
    ///
    /// - Throws: `projectNotFound`, `terminalState` when it is completed.
    public func cancelProject(_ projectId: ProjectID) async throws(ClientError) -> CancelProject.Response {
        try await call(CancelProject(projectId: projectId))
    }

    /// Does a failed project again, as a new one that is newly charged.
    ///
    /// - Parameters:
    ///   - projectId: The failed project.
    ///   - idempotencyKey: 1 to 255 bytes; repeats with the same key charge once. One is made when nil.
    /// - Throws: `projectNotFound`, `invalidTransition` when it has not failed, `insufficientCredits`.
    public func retryProject(
        _ projectId: ProjectID, idempotencyKey: String? = nil
    ) async throws(ClientError) -> RetryProject.Response {
        try await call(RetryProject(projectId: projectId, idempotencyKey: idempotencyKey))
    }

    /// A project, as it is now. Throws `projectNotFound`.
    public func getStatus(_ projectId: ProjectID) async throws(ClientError) -> Project {
        try await call(GetStatus(projectId: projectId)).project
    }

    /// A project, as it is now, by the upstream's id. Throws `projectNotFound`.
    public func getStatus(externalId: String) async throws(ClientError) -> Project {
        try await call(GetStatus(externalId: externalId)).project
    }

    /// One page of projects, newest first.
    ///
    /// - Parameters:
    ///   - userId: Only this user's.
    ///   - status: Only in one of these.
    ///   - createdAfter: Created at this time or later.
    ///   - createdBefore: Created before this time.
    ///   - limit: Projects of a page, 1 to 500; 50 when nil.
    ///   - cursor: `nextCursor` of the page before.
    ///   - includeStats: Also the figures over all that the filter matches.
    ///   - dueBefore: Only unfinished ones whose deadline is before this time.
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

    /// Where a project's credits are, and who did what when. Throws `projectNotFound`.
    public func explainProject(_ projectId: ProjectID) async throws(ClientError) -> ExplainProject.Response {
        try await call(ExplainProject(projectId: projectId))
    }

    /// A user's credits; zeros for a user never seen.
    public func getBalance(userId: String) async throws(ClientError) -> Balance {
        try await call(GetBalance(userId: userId))
    }

    /// One page of a user's ledger, newest first.
    ///
    /// - Parameters:
    ///   - userId: Whose ledger.
    ///   - limit: Entries of a page, 1 to 500; 50 when nil.
    ///   - cursor: `nextCursor` of the page before.
    public func listEntries(
        userId: String, limit: Int64? = nil, cursor: String? = nil
    ) async throws(ClientError) -> ListEntries.Response {
        var request = ListEntries(userId: userId)
        request.limit = limit
        request.cursor = cursor
        return try await call(request)
    }

    /// Gives a user credits; for admins.
    ///
    /// - Parameters:
    ///   - userId: Who gets them.
    ///   - credits: 1 or more.
    ///   - reason: Stays in the ledger, 1 to 1024 bytes.
    ///   - idempotencyKey: Repeats with the same key give once; one is made when nil.
    /// - Throws: `permissionDenied`, `amountOutOfRange`, `idempotencyConflict`.
    public func grantCredits(
        userId: String, credits: Int64, reason: String, idempotencyKey: String? = nil
    ) async throws(ClientError) -> PostedEntry {
        try await call(GrantCredits(userId: userId, credits: credits, reason: reason, idempotencyKey: idempotencyKey))
    }

    /// Corrects a user's credits, up or down; for admins.
    ///
    /// - Throws: `permissionDenied`, `amountOutOfRange`, `insufficientCredits`, `idempotencyConflict`.
    public func adjustCredits(
        userId: String, credits: Int64, reason: String, idempotencyKey: String? = nil
    ) async throws(ClientError) -> PostedEntry {
        try await call(AdjustCredits(userId: userId, credits: credits, reason: reason, idempotencyKey: idempotencyKey))
    }

    /// Checks every invariant of the ledger over all rows; for admins. Takes longer the more there is.
    public func audit() async throws(ClientError) -> Audit.Response { try await call(Audit()) }

    /// Copies the whole ledger into a new file of the daemon's backup folder and checks the copy; for admins. Takes longer
    /// the more there is: `timeout` instead of the client's own.
    ///
    /// - Throws: `backupFailed`, with the reason.
    public func backup(
        to path: String, timeout: Duration = .seconds(3600)
    ) async throws(ClientError) -> Backup.Response {
        try await call(Backup(path: path), timeout: timeout)
    }

    /// The daemon's figures since it started.
    public func getMetrics() async throws(ClientError) -> GetMetrics.Response { try await call(GetMetrics()) }
}
