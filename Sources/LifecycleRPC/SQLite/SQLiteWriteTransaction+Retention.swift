internal import LifecycleCore

extension SQLiteWriteTransaction {
    func trimProjects(
        finishedBefore end: Timestamp, after row: Int64, at now: Timestamp
    ) throws(RPCError) -> Retention.Step {
        try reporting { () throws(StorageError) in
            let last = row.addingReportingOverflow(Retention.window).partialValue
            let list = try prepared(
                """
                SELECT row FROM project WHERE row > ?1 AND row <= ?2 AND finishedAt < ?3 AND trimmedAt IS NULL
                ORDER BY row LIMIT ?4
                """)
            list.bind(1, row)
            list.bind(2, last)
            list.bind(3, end)
            list.bind(4, Int64(Retention.batch))
            let rows = try list.all { $0.integer(0) }
            for row in rows { try trim(row, at: now) }
            if rows.count == Retention.batch { return .init(trimmed: rows.count, next: rows.last) }
            let newest = try prepared("SELECT max(row) FROM project").first { $0.integer(0) } ?? 0
            return .init(trimmed: rows.count, next: last < newest ? last : nil)
        }
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
        // Never the newest of all: the next event would get its number, and watchers go by that.
        let delete = try prepared("DELETE FROM event WHERE project = ?1 AND seq < (SELECT max(seq) FROM event)")
        delete.bind(1, row)
        try delete.run()
    }
}
