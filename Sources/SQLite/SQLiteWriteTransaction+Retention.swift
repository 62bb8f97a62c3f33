package import LifecycleCore

extension SQLiteWriteTransaction {
    package func trimProjects(
        finishedBefore end: Timestamp, after row: Int64, at now: Timestamp
    ) throws(StorageError) -> Retention.Step {
        let last = row.addingReportingOverflow(Retention.window).partialValue
        let list = try prepared(
            """
            SELECT p.row, p.trimmedAt IS NOT NULL FROM project AS p
            WHERE p.row > ?1 AND p.row <= ?2 AND iif(p.trimmedAt IS NULL, p.finishedAt < ?3, EXISTS (
                SELECT 1 FROM event AS e
                WHERE e.project = p.row AND e.at < ?3 AND e.seq < (SELECT max(seq) FROM event)))
            ORDER BY p.row LIMIT ?4
            """)
        list.bind(1, row)
        list.bind(2, last)
        list.bind(3, end)
        list.bind(4, Int64(Retention.batch))
        let found = try list.all { (row: $0.integer(0), isTrimmed: $0.integer(1) != 0) }
        for project in found {
            if project.isTrimmed {
                try removeEvents(ofProject: project.row, before: end)
            } else {
                try trim(project.row, at: now)
            }
        }
        if found.count == Retention.batch { return .init(trimmed: found.count, next: found.last?.row) }
        let newest = try prepared("SELECT max(row) FROM project").first { $0.integer(0) } ?? 0
        return .init(trimmed: found.count, next: last < newest ? last : nil)
    }

    private func trim(_ row: Int64, at now: Timestamp) throws(StorageError) {
        let update = try prepared(
            """
            UPDATE project SET trimmedAt = ?2, name = NULL, metadata = NULL, message = NULL,
                errorMessage = iif(errorMessage IS NULL, NULL, ?3)
            WHERE row = ?1
            """)
        update.bind(1, row)
        update.bind(2, now)
        update.bind(3, Retention.removedMessage)
        try update.run()
        try removeEvents(ofProject: row, before: nil)
    }

    /// Never removes the newest event of all. Otherwise the next event would get its number, and watchers would miss
    /// it.
    private func removeEvents(ofProject row: Int64, before end: Timestamp?) throws(StorageError) {
        let delete = try prepared(
            "DELETE FROM event WHERE project = ?1 AND ifnull(at < ?2, 1) AND seq < (SELECT max(seq) FROM event)")
        delete.bind(1, row)
        delete.bind(2, end)
        try delete.run()
    }
}
