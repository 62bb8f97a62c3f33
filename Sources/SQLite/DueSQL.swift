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
