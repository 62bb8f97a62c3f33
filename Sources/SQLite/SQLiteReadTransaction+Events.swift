package import LifecycleCore

/// The history in commit order, for watchers.
extension SQLiteReadTransaction {
    package func events(_ filter: EventFilter, after seq: Int64, limit: Int) throws(StorageError) -> [Event] {
        let list = try prepared(EventRow.after(filter))
        list.bind(1, seq)
        list.bind(2, Int64(limit))
        if let projectId = filter.projectId { list.bind(3, projectId) }
        if let userId = filter.userId { list.bind(4, userId) }
        return try list.all(EventRow.read)
    }

    package func newestSeq() throws(StorageError) -> Int64 {
        try prepared("SELECT seq FROM event ORDER BY seq DESC LIMIT 1").first { $0.integer(0) } ?? 0
    }
}

/// The columns of an event, and how an event is read from them.
enum EventRow {
    static let select = """
        SELECT e.seq, e.kind, e.at, a.userId, p.id, e.uid, e.gid, e.pid, e.detail
        FROM event AS e JOIN account AS a ON a.id = e.account LEFT JOIN project AS p ON p.row = e.project
        """

    /// ?1 = seq, ?2 = limit, ?3 = project, ?4 = user. The events of a project are found by an index. For those of a
    /// user all events after ?1 are scanned.
    static func after(_ filter: EventFilter) -> String {
        var sql = select + " WHERE e.seq > ?1"
        if filter.projectId != nil { sql += " AND e.project = (SELECT row FROM project WHERE id = ?3)" }
        if filter.userId != nil { sql += " AND e.account = (SELECT id FROM account WHERE userId = ?4)" }
        return sql + " ORDER BY e.seq LIMIT ?2"
    }

    static func read(_ row: Statement) throws(StorageError) -> Event {
        guard let kind = Event.Kind(rawValue: row.text(1)) else {
            throw StorageError(.corrupt, "event \(row.integer(0)) has an unknown kind")
        }
        return Event(
            seq: row.integer(0), kind: kind, at: Timestamp(milliseconds: row.integer(2)), userId: row.text(3),
            projectId: row.projectID(4), uid: row.integer(5), gid: row.integer(6), pid: row.integer(7),
            detail: row.optionalText(8))
    }
}
