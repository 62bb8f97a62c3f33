package import LifecycleCore
internal import Synchronization

/// The due projects that a request has met. They have to be expired before the request is answered.
package struct Due: Sendable {
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

    package mutating func formUnion(_ other: Due) {
        projects += other.projects
        users += other.users
        isEverything = isEverything || other.isEverything
    }
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
    func include(_ deadline: Timestamp?) {
        if let deadline, deadline < time { time = deadline }
    }
}

/// ?1 = now, ?2 = user. With a user the condition scans the unfinished projects of the account, because the deadline
/// index may be full of due projects of other users.
enum DueSQL {
    static func exists(ofUser: Bool) -> String { "SELECT 1 FROM project AS p WHERE \(condition(ofUser)) LIMIT 1" }

    /// ?3 = limit. The projects that are due for the longest time come first. Those of one user are not ordered,
    /// because they would be sorted again for every batch.
    static func list(ofUser: Bool) -> String {
        ProjectRow.select + " WHERE \(condition(ofUser))\(ofUser ? "" : " ORDER BY p.deadline") LIMIT ?3"
    }

    private static func condition(_ ofUser: Bool) -> String {
        guard ofUser else { return "p.deadline <= ?1" }
        return """
            p.account = (SELECT id FROM account WHERE userId = ?2) AND p.status IN ('pending', 'processing')
                AND p.deadline <= ?1
            """
    }
}
