package import LifecycleCore
internal import Synchronization

/// What a request has touched that is past its deadline: it is to be settled before the request is answered.
package struct Due: Sendable {
    package var projects: [ProjectID] = []
    /// Users whose credits or lists are asked for.
    package var users: [String] = []
    /// Everything: it is about totals over all users.
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

/// The earliest deadline of all unfinished projects, or one before it. The writer keeps it; anybody may look, and need
/// not ask the database whether something is due as long as this is in the future.
package final class NextDeadline: Sendable {
    private let milliseconds = Atomic(Int64.min)

    package init() {}

    package var time: Timestamp {
        get { Timestamp(milliseconds: milliseconds.load(ordering: .acquiring)) }
        set { milliseconds.store(newValue.milliseconds, ordering: .releasing) }
    }

    /// A project has this deadline now. The writer thread's.
    func include(_ deadline: Timestamp?) {
        if let deadline, deadline < time { time = deadline }
    }
}

/// ?1 time, ?2 user. A user's go by the account's unfinished, as the due ones of all may be many.
enum DueSQL {
    static func exists(ofUser: Bool) -> String { "SELECT 1 FROM project AS p WHERE \(condition(ofUser)) LIMIT 1" }

    /// ?3 limit. The longest due first; a user's as they come, as they would be sorted again for every batch.
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
