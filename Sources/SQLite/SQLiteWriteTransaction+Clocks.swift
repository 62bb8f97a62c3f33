package import LifecycleCore

/// The changes of projects after the wall clock was set, and the record of the clock.
extension SQLiteWriteTransaction {
    /// The next unfinished projects after `last`, in descending order of their deadlines.
    package func unfinishedProjects(below last: StoredProject?, limit: Int) throws(StorageError) -> [StoredProject] {
        let list = try prepared(
            // Not (deadline, row) < (?1, ?2), because SQLite would scan all projects for it.
            ProjectRow.select + """
                 WHERE p.deadline <= ?1 AND (p.deadline < ?1 OR p.row < ?2)
                ORDER BY p.deadline DESC, p.row DESC LIMIT ?3
                """)
        list.bind(1, last?.project.deadline ?? Timestamp(milliseconds: .max))
        list.bind(2, last?.row ?? .max)
        list.bind(3, Int64(limit))
        return try list.all(ProjectRow.read)
    }

    /// The clock went back: moves the deadline of the project, and the end of its pause, to an earlier time.
    /// - Parameters:
    ///   - project: the project with the new end of its pause.
    ///   - runtimeEnd: `nil` to keep the old one.
    package func setBack(
        _ project: StoredProject, deadline: Timestamp, runtimeEnd: Timestamp?, at now: Timestamp
    ) throws(StorageError) {
        try change(
            project,
            """
            UPDATE project SET updatedAt = ?2, deadline = ?3, runtimeEnd = ifnull(?4, runtimeEnd), pausedUntil = ?5
            WHERE row = ?1
            """
        ) { update in
            update.bind(2, now)
            update.bind(3, deadline)
            update.bind(4, runtimeEnd)
            update.bind(5, project.project.pausedUntil)
        }
        guard runtimeEnd != nil else { return }
        try prepared("UPDATE clock SET isSetBack = 1").run()
    }

    /// The clock went forwards again, or the machine was restarted. Projects whose runtime ends earlier because the
    /// clock had been set back get this time back, but no more than their terms say.
    /// - Returns: whether there may be such projects left.
    package func putForward(milliseconds: Int64, limits: Limits) throws(StorageError) -> Bool {
        let update = try prepared(
            """
            UPDATE project INDEXED BY projectByDeadline SET runtimeEnd = iif(
                createdAt + ifnull(maxRuntime, ?2) * 1000 + ifnull(pausedTime, 0) - runtimeEnd <= ?1, NULL, runtimeEnd + ?1)
            WHERE deadline IS NOT NULL AND runtimeEnd IS NOT NULL
            """)
        update.bind(1, milliseconds)
        update.bind(2, limits.maximumRuntime)
        try update.run()
        let isSomeLeft =
            try prepared(
                """
                SELECT EXISTS (SELECT 1 FROM project INDEXED BY projectByDeadline
                    WHERE deadline IS NOT NULL AND runtimeEnd IS NOT NULL)
                """
            ).first { $0.integer(0) != 0 } ?? false
        if !isSomeLeft { try prepared("UPDATE clock SET isSetBack = 0").run() }
        return isSomeLeft
    }

    /// Whether the runtime of any project may end earlier than its terms say.
    package func mayBeSetBack() throws(StorageError) -> Bool {
        try prepared("SELECT isSetBack FROM clock").first { $0.integer(0) != 0 } ?? false
    }

    // MARK: The record of the clock

    /// In milliseconds. How often the record of the clock is written while nothing changes. A power cut loses at most
    /// this much of it.
    private static let notePause: Int64 = 3_600_000

    /// Compares the clock with its record, and updates the record if there is news.
    package func lookAtClock(
        at now: Timestamp
    ) throws(StorageError) -> (agreement: ClockAgreement, change: ClockAgreement.Change) {
        let uptime = sinceStart()
        let known = try prepared("SELECT wall, uptime, agreed FROM clock").first { row in
            ClockAgreement(
                wall: Timestamp(milliseconds: row.integer(0)), uptime: row.integer(1), agreed: row.integer(2))
        }
        guard var agreement = known else {
            let first = ClockAgreement(wall: now, uptime: uptime)
            try note(first)
            return (first, .steady)
        }
        let earlier = agreement.uptime
        let change = agreement.look(wall: now, uptime: uptime)
        if change != .steady || uptime &- earlier >= Self.notePause { try note(agreement) }
        return (agreement, change)
    }

    private func note(_ agreement: ClockAgreement) throws(StorageError) {
        let note = try prepared(
            """
            INSERT INTO clock (id, wall, uptime, agreed) VALUES (1, ?1, ?2, ?3)
            ON CONFLICT (id) DO UPDATE SET wall = excluded.wall, uptime = excluded.uptime, agreed = excluded.agreed
            """)
        note.bind(1, agreement.wall)
        note.bind(2, agreement.uptime)
        note.bind(3, agreement.agreed)
        try note.run()
    }
}
