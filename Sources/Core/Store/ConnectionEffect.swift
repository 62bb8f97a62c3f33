/// The effect of a request on its connection, after the request has succeeded.
package enum ConnectionEffect: Sendable {
    /// Attaches the project's lease to the connection: if it ends before a verdict, only the detach grace is left.
    case attach(ProjectID)
    /// Detaches the lease from the connection, if it is attached to it.
    case detach(ProjectID)
    /// Sends the events after this number on the connection.
    case watch(EventFilter, after: Int64)
}

/// Selects events by user and project.
package struct EventFilter: Sendable, Equatable {
    package var userId: String?
    package var projectId: ProjectID?

    package init(userId: String? = nil, projectId: ProjectID? = nil) {
        self.userId = userId
        self.projectId = projectId
    }
}
