package import LifecycleCore

/// Changes that are less frequent, so that their statements are looked up by their SQL text.
extension SQLiteWriteTransaction {
    package func requestCancel(of project: StoredProject, at now: Timestamp) throws(StorageError) {
        try change(project, "UPDATE project SET updatedAt = ?2, cancelRequested = 1 WHERE row = ?1") { $0.bind(2, now) }
    }

    /// Adds the length of the current pause, which is in the history. Only rules that change a pause need it.
    package func withPauseLength(_ project: StoredProject) throws(StorageError) -> StoredProject {
        guard project.project.pausedUntil != nil else { return project }
        let newest = try prepared(
            """
            SELECT CAST(detail AS INTEGER) FROM event WHERE project = ?1 AND kind = 'paused'
            ORDER BY seq DESC LIMIT 1
            """)
        newest.bind(1, project.row)
        var project = project
        project.pauseLength = try newest.first { $0.integer(0) }
        return project
    }

    package func setPause(of project: StoredProject, at now: Timestamp) throws(StorageError) {
        let sql = """
            UPDATE project SET updatedAt = ?2, deadline = ?3, detached = 0, pausedUntil = ?4, pausedTime = ?5,
                runtimeEnd = ?6
            WHERE row = ?1
            """
        try change(project, sql) { update in
            update.bind(2, now)
            update.bind(3, project.project.deadline)
            update.bind(4, project.project.pausedUntil)
            update.bind(5, project.pausedTime == 0 ? nil : project.pausedTime)
            update.bind(6, project.runtimeEnd)
        }
    }

    package func detach(_ project: StoredProject, deadline: Timestamp, at now: Timestamp) throws(StorageError) {
        try change(project, "UPDATE project SET updatedAt = ?2, deadline = ?3, detached = 1 WHERE row = ?1") { update in
            update.bind(2, now)
            update.bind(3, deadline)
        }
    }

    package func recordExternalID(_ id: String, of project: StoredProject, at now: Timestamp) throws(StorageError) {
        try change(project, "UPDATE project SET externalId = ?3, updatedAt = ?2 WHERE row = ?1") { update in
            update.bind(2, now)
            update.bind(3, id)
        }
    }

    package func countRefusedReport(of project: StoredProject) throws(StorageError) {
        try change(project, "UPDATE project SET refusedReports = refusedReports + 1 WHERE row = ?1") { _ in }
    }

    func change(_ project: StoredProject, _ sql: String, _ bind: (Statement) -> Void) throws(StorageError) {
        try writeBeat(of: project.row)
        let update = try prepared(sql)
        update.bind(1, project.row)
        bind(update)
        try update.run()
    }

    // MARK: Heartbeats

    package func beat(_ project: StoredProject, _ beat: Beat) {
        beats.add(beat, of: project.row)
    }

    /// Writes all waiting heartbeats in the open transaction.
    package func writeBeats() throws(StorageError) {
        for row in beats.rows { try writeBeat(of: row) }
    }

    /// Called before any other write to the project, because the heartbeat came first.
    func writeBeat(of row: Int64) throws(StorageError) {
        guard let beat = beats.take(row) else { return }
        let update = try prepared(
            """
            UPDATE project SET updatedAt = ?2, deadline = ?3, progress = ifnull(?4, progress),
                message = ifnull(?5, message)
            WHERE row = ?1 AND finishedAt IS NULL
            """)
        update.bind(1, row)
        update.bind(2, beat.at)
        update.bind(3, beat.deadline)
        update.bind(4, beat.progress)
        update.bind(5, beat.message)
        try update.run()
    }
}
