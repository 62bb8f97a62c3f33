public import LifecycleCore

extension LifecycleClient {
    /// Tells of every event that is committed: those after `fromSeq` first, then each new one, in commit order.
    ///
    /// When the connection is lost, as in a restart of the daemon, it connects again and goes on after the last event
    /// that it has given: each comes once, and none is left out (but for kinds that this version does not know). It
    /// tries as long as the daemon is away, once it has begun. What is not taken waits in the daemon, not in memory. It
    /// has a connection of its own, which ends with the iteration.
    ///
    /// The sequence ends when the task is cancelled or the client is closed. It throws what the daemon refuses
    /// (`projectNotFound`; `invalidParams` for a `fromSeq` that the ledger has not reached, as after a restore of an older
    /// one), and `unreachable` when it cannot begin within `connectTimeout`.
    ///
    /// - Parameters:
    ///   - userId: Only this user's.
    ///   - projectId: Only this project's.
    ///   - fromSeq: The last event that you have, 0 for all that there are. Nil: what comes from the first `next()` on.
    ///   - onBegin: Called once, when the daemon watches, with the newest event of all at that moment: what is read from
    ///     now on, and the events, leave nothing out between them. On a thread of the client's: it must not block.
    public func watch(
        userId: String? = nil, projectId: ProjectID? = nil, fromSeq: Int64? = nil,
        onBegin: (@Sendable (_ seq: Int64) -> Void)? = nil
    ) -> EventSequence {
        EventSequence(self, Watch(fromSeq: fromSeq, userId: userId, projectId: projectId), onBegin)
    }

    /// Waits until a project has ended, by whatever verdict; its deadline says when at the latest.
    ///
    /// - Returns: The project, `completed` or `failed`.
    /// - Throws: `projectNotFound`; `cancelled` when the task was cancelled, `closed` when the client was.
    public func wait(for projectId: ProjectID) async throws(ClientError) -> Project {
        let project = try await getStatus(projectId)
        if project.status.isTerminal { return project }
        // From its creation on: whatever has happened since the look above is among it.
        var events = watch(projectId: projectId, fromSeq: 0).makeAsyncIterator()
        while let event = try await events.next() {
            if event.kind == .completed || event.kind == .failed { return try await getStatus(projectId) }
        }
        throw Task.isCancelled ? .cancelled(.notDone) : .closed(.notDone)
    }
}
