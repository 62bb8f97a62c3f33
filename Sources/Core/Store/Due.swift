internal import Synchronization

/// The due projects that a request has met. They have to be expired before the request is answered.
package struct Due: Sendable, Equatable {
    package var projects: [ProjectID] = []
    /// Users whose credits or projects the request reads.
    package var users: [String] = []
    /// True if the request reads totals over all users.
    package var isEverything = false

    package init(projects: [ProjectID] = [], users: [String] = [], isEverything: Bool = false) {
        self.projects = projects
        self.users = users
        self.isEverything = isEverything
    }

    package var isEmpty: Bool { projects.isEmpty && users.isEmpty && !isEverything }
}

/// The earliest deadline of all unfinished projects, or a time before it. The writer updates it and any thread may read
/// it. While it is in the future, no project is due, and the database need not be asked.
package final class NextDeadline: Sendable {
    private let milliseconds = Atomic(Int64.min)

    package init() {}

    package var time: Timestamp {
        get { Timestamp(milliseconds: milliseconds.load(ordering: .acquiring)) }
        set { milliseconds.store(newValue.milliseconds, ordering: .releasing) }
    }

    /// A project has this deadline now. Called on the writer's thread only.
    package func include(_ deadline: Timestamp?) {
        if let deadline, deadline < time { time = deadline }
    }
}
