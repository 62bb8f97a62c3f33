/// ?1 = now, ?2 = user, ?3 = limit. With a user it scans the unfinished projects of the account, because the deadline
/// index may be full of due projects of other users.
enum DueSQL {
    /// The projects that are due for the longest time come first. Those of one user are not ordered, because they would
    /// be sorted again for every batch.
    static func list(ofUser: Bool) -> String {
        let condition =
            ofUser
            ? "p.account = (SELECT id FROM account WHERE userId = ?2) AND p.status IN ('pending', 'processing') AND "
            : ""
        return ProjectRow.select + " WHERE \(condition)p.deadline <= ?1\(ofUser ? "" : " ORDER BY p.deadline") LIMIT ?3"
    }
}
