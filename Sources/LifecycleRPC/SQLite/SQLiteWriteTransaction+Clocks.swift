internal import LifecycleCore

/// What a clock that is set changes, and what is known of the clock.
extension SQLiteWriteTransaction {
    func newestEventTime() throws(StorageError) -> Timestamp? {
        try prepared("SELECT at FROM event ORDER BY seq DESC LIMIT 1").first { Timestamp(milliseconds: $0.integer(0)) }
    }

    /// By row, those that were set back, which are few; else the latest deadlines first, as these become earlier.
    func unfinishedProjects(
        setBack: Bool, below last: StoredProject?, limit: Int
    ) throws(RPCError) -> [StoredProject] {
        try reporting { () throws(StorageError) in
            let list = try prepared(
                ProjectRow.select
                    + (setBack
                        ? " WHERE p.setBackTo IS NOT NULL AND p.deadline <= ?1 AND p.row < ?2 ORDER BY p.row DESC LIMIT ?3"
                        // Not as (deadline, row) < (?1, ?2), for which SQLite goes through all projects.
                        : """
                             WHERE p.deadline <= ?1 AND (p.deadline < ?1 OR p.row < ?2)
                            ORDER BY p.deadline DESC, p.row DESC LIMIT ?3
                            """))
            list.bind(1, (setBack ? nil : last?.project.deadline) ?? Timestamp(milliseconds: .max))
            list.bind(2, last?.row ?? .max)
            list.bind(3, Int64(limit))
            return try list.all(ProjectRow.read)
        }
    }

    func redate(
        _ project: StoredProject, runsFrom start: Timestamp, deadline: Timestamp, at now: Timestamp
    ) throws(RPCError) {
        try change(
            project,
            """
            UPDATE project SET updatedAt = ?2, deadline = ?3, setBackTo = iif(?4 < createdAt, ?4, NULL) WHERE row = ?1
            """
        ) { update in
            update.bind(2, now)
            update.bind(3, deadline)
            update.bind(4, start)
        }
        nextDeadline.include(deadline)
    }

    func clockAgreement() throws(RPCError) -> ClockAgreement? {
        try reporting { () throws(StorageError) in
            try prepared("SELECT startedAt, since FROM clock").first { row in
                ClockAgreement(
                    startedAt: Timestamp(milliseconds: row.integer(0)), since: Timestamp(milliseconds: row.integer(1)))
            }
        }
    }

    func keep(_ agreement: ClockAgreement) throws(RPCError) {
        try reporting { () throws(StorageError) in
            let update = try prepared(
                """
                INSERT INTO clock (id, startedAt, since) VALUES (1, ?1, ?2)
                ON CONFLICT (id) DO UPDATE SET startedAt = ?1, since = ?2
                """)
            update.bind(1, agreement.startedAt)
            update.bind(2, agreement.since)
            try update.run()
        }
    }
}
