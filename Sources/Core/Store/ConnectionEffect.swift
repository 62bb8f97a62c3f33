/// What a request does to the connection that it came on, once it has succeeded.
package enum ConnectionEffect: Sendable {
    /// The project's lease is tied to the connection: when it ends without a verdict, so does the project, soon.
    case attach(ProjectID)
    /// The lease is tied to the connection no more, if it was.
    case detach(ProjectID)
    /// Events are sent on it from now on: those after this one.
    case watch(EventFilter, after: Int64)
}

/// Which events are wanted.
package struct EventFilter: Sendable, Equatable {
    package var userId: String?
    package var projectId: ProjectID?

    package init(userId: String? = nil, projectId: ProjectID? = nil) {
        self.userId = userId
        self.projectId = projectId
    }
}
