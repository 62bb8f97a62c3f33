public import LifecycleCore

extension LifecycleClient {
    /// Returns all committed events in the order of their commits: first those after `fromSeq`, then each new one.
    ///
    /// If the connection is lost, for example because the daemon restarts, the sequence connects again and continues
    /// after the last event. Each event comes exactly once, except events of a kind that this version does not know,
    /// which are left out. After the first connection it retries without a time limit. Events that you have not taken
    /// wait in the daemon, not in memory. Each iteration uses a separate connection, which ends with the iteration.
    ///
    /// The sequence ends when the task is cancelled or the client is closed. It throws if the daemon refuses the watch
    /// (`projectNotFound`, or `invalidParams` if the ledger has not reached `fromSeq`, for example after a restore),
    /// and `unreachable` if it cannot connect for the first time within `connectTimeout`.
    ///
    /// - Parameters:
    ///   - userId: Only events of this user.
    ///   - projectId: Only events of this project.
    ///   - fromSeq: The last event that you have. 0 for all events, `nil` for the events after the first `next()`.
    ///   - onBegin: Called once when the watch has begun, with the number of the newest event at that moment. What you
    ///     read after this call, together with the events, has no gap. It runs on a thread of the client and must not
    ///     block.
    public func watch(
        userId: String? = nil, projectId: ProjectID? = nil, fromSeq: Int64? = nil,
        onBegin: (@Sendable (_ seq: Int64) -> Void)? = nil
    ) -> EventSequence {
        EventSequence(self, Watch(fromSeq: fromSeq, userId: userId, projectId: projectId), onBegin)
    }

    /// Waits until a project has its verdict, which it has at its deadline at the latest.
    ///
    /// - Returns: The project, `completed` or `failed`.
    /// - Throws: `projectNotFound`, `cancelled` if the task was cancelled, `closed` if the client was closed.
    public func wait(for projectId: ProjectID) async throws(ClientError) -> Project {
        let project = try await getStatus(projectId)
        if project.status.isTerminal { return project }
        // From the first event on, so that an event between the read above and the watch is not missed.
        var events = watch(projectId: projectId, fromSeq: 0).makeAsyncIterator()
        while let event = try await events.next() {
            if event.kind == .completed || event.kind == .failed { return try await getStatus(projectId) }
        }
        throw Task.isCancelled ? .cancelled(.notDone) : .closed(.notDone)
    }
}
