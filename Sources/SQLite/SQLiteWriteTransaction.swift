package import LifecycleCore

/// The writes of the ledger's rules. The triggers of the schema move the credits: see `Schema/v3_guards.sql`.
package final class SQLiteWriteTransaction: SQLiteReadTransaction, LedgerTransaction {
    let sinceStart: @Sendable () -> Int64
    private var ids: ProjectIDGenerator
    private var random = SystemRandomNumberGenerator()

    private let projectByKey: Statement
    private let entryByKey: Statement
    private let insertAccount: Statement
    private let insertProject: Statement
    private let startProject: Statement
    private let renewProject: Statement
    private let finishProject: Statement
    private let insertEntry: Statement
    private let insertEvent: Statement
    /// Heartbeats that are not on disk yet.
    var beats = PendingBeats()
    package var hasWaitingBeats: Bool { !beats.isEmpty }
    /// The number of the last event that was written.
    package private(set) var newestEvent: Int64
    /// The number of the last event that is on disk.
    private var committedEvent: Int64

    /// - Parameter sinceStart: the milliseconds since the machine started.
    package init(
        _ database: Database, sinceStart: @escaping @Sendable () -> Int64
    ) throws(StorageError) {
        self.sinceStart = sinceStart
        let newest = try database.prepare("SELECT id FROM project ORDER BY id DESC LIMIT 1")
        ids = ProjectIDGenerator(
            after: try newest.first { row throws(StorageError) in row.projectID(0) } ?? nil)
        projectByKey = try database.prepare(
            ProjectRow.select
                + " WHERE p.idempotencyKey = ?1 AND p.account = (SELECT id FROM account WHERE userId = ?2)")
        entryByKey = try database.prepare(
            EntryRow.select + " WHERE e.idempotencyKey = ?1 AND e.account = (SELECT id FROM account WHERE userId = ?2)")
        insertAccount = try database.prepare("INSERT INTO account (userId) VALUES (?1)")
        insertProject = try database.prepare(
            """
            INSERT INTO project (id, account, credits, createdAt, updatedAt, deadline, idempotencyKey, externalId,
                hadExternalId, name, metadata, startTimeout, lease, maxRuntime, retryOf)
            VALUES (?1, ?2, ?3, ?4, ?4, ?5, ?6, ?7, ?7 IS NOT NULL, ?8, ?9, ?10, ?11, ?12, ?13)
            """)
        startProject = try database.prepare(
            """
            UPDATE project SET status = 'processing', startedAt = ?2, updatedAt = ?2, deadline = ?3, detached = 0
            WHERE row = ?1
            """)
        renewProject = try database.prepare(
            "UPDATE project SET updatedAt = ?2, deadline = ?3, detached = 0 WHERE row = ?1")
        finishProject = try database.prepare(
            """
            UPDATE project SET status = ?3, errorCode = ?4, errorMessage = ?5, startedAt = ifnull(startedAt, ?6),
                finishedAt = ?2, updatedAt = ?2, deadline = NULL, pausedUntil = NULL
            WHERE row = ?1
            """)
        insertEntry = try database.prepare(
            "INSERT INTO entry (account, kind, credits, at, reason, idempotencyKey) VALUES (?1, ?2, ?3, ?4, ?5, ?6)")
        insertEvent = try database.prepare(
            """
            INSERT INTO event (kind, account, project, at, uid, gid, pid, detail)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
            """)
        newestEvent = try database.integer("SELECT max(seq) FROM event") ?? 0
        committedEvent = newestEvent
        try super.init(database)
    }

    package func makeProjectID(at now: Timestamp) -> ProjectID { ids.next(at: now, random: &random) }

    package func request(of userId: String, key: String) throws(StorageError) -> EarlierRequest? {
        projectByKey.bind(1, key)
        projectByKey.bind(2, userId)
        if let project = try projectByKey.first(ProjectRow.read).map(beats.applied(to:)) {
            return .project(project)
        }
        entryByKey.bind(1, key)
        entryByKey.bind(2, userId)
        return try entryByKey.first(EntryRow.read).map(EarlierRequest.entry)
    }

    package func openAccount(of userId: String) throws(StorageError) -> Account {
        insertAccount.bind(1, userId)
        try insertAccount.run()
        return Account(
            row: database.lastInsertedRow, balance: Balance(userId: userId, available: 0, held: 0), granted: 0)
    }

    package func create(_ new: NewProject, at now: Timestamp) throws(StorageError) -> StoredProject {
        insertProject.bind(1, new.projectId)
        insertProject.bind(2, new.account.row)
        insertProject.bind(3, new.credits)
        insertProject.bind(4, now)
        insertProject.bind(5, new.deadline)
        insertProject.bind(6, new.idempotencyKey)
        insertProject.bind(7, new.externalId)
        insertProject.bind(8, new.name)
        insertProject.bind(9, new.metadata.map { String(decoding: $0.text, as: UTF8.self) })
        insertProject.bind(10, new.terms.startTimeout)
        insertProject.bind(11, new.terms.lease)
        insertProject.bind(12, new.terms.maximumRuntime)
        insertProject.bind(13, new.retryOf)
        try insertProject.run()
        return StoredProject(new, row: database.lastInsertedRow, at: now)
    }

    package func start(_ project: StoredProject, deadline: Timestamp?, at now: Timestamp) throws(StorageError) {
        try move(project, startProject, deadline, now)
    }

    package func renew(_ project: StoredProject, deadline: Timestamp?, at now: Timestamp) throws(StorageError) {
        try move(project, renewProject, deadline, now)
    }

    func move(
        _ project: StoredProject, _ update: Statement, _ deadline: Timestamp?, _ now: Timestamp
    ) throws(StorageError) {
        try writeBeat(of: project.row)
        update.bind(1, project.row)
        update.bind(2, now)
        update.bind(3, deadline)
        try update.run()
    }

    package func finish(_ project: StoredProject, _ verdict: Verdict, at now: Timestamp) throws(StorageError) {
        try writeBeat(of: project.row)
        finishProject.bind(1, project.row)
        finishProject.bind(2, now)
        finishProject.bind(3, verdict.status.rawValue)
        if case .failed(let code, let message) = verdict {
            finishProject.bind(4, code)
            finishProject.bind(5, message)
        }
        // A completed project has been processing, even if no pipeline reported this.
        if verdict.status == .completed { finishProject.bind(6, now) }
        try finishProject.run()
    }

    package func post(_ entry: NewEntry, at now: Timestamp) throws(StorageError) -> Entry {
        insertEntry.bind(1, entry.account.row)
        insertEntry.bind(2, entry.kind.rawValue)
        insertEntry.bind(3, entry.credits)
        insertEntry.bind(4, now)
        insertEntry.bind(5, entry.reason)
        insertEntry.bind(6, entry.idempotencyKey)
        try insertEntry.run()
        return Entry(
            entryId: database.lastInsertedRow, kind: entry.kind, credits: entry.credits, at: now,
            reason: entry.reason)
    }

    package func record(_ event: NewEvent, by caller: Caller, at now: Timestamp) throws(StorageError) {
        insertEvent.bind(1, event.kind.rawValue)
        insertEvent.bind(2, event.account)
        insertEvent.bind(3, event.project?.row)
        insertEvent.bind(4, now)
        insertEvent.bind(5, Int64(caller.uid))
        insertEvent.bind(6, Int64(caller.gid))
        insertEvent.bind(7, Int64(caller.pid))
        insertEvent.bind(8, event.detail)
        try insertEvent.run()
        newestEvent = database.lastInsertedRow
    }

    // MARK: State in memory that is rolled back with its transaction

    /// A position in the open transaction.
    package struct Mark {
        fileprivate let beats: Int
        fileprivate let event: Int64
    }

    package var mark: Mark { Mark(beats: beats.mark, event: newestEvent) }

    package func commit() {
        beats.commit()
        committedEvent = newestEvent
    }

    /// - Parameter mark: `nil` to undo the whole transaction.
    package func rollBack(to mark: Mark? = nil) {
        beats.rollBack(to: mark?.beats ?? 0)
        newestEvent = mark?.event ?? committedEvent
    }

    package override func project(_ reference: ProjectReference) throws(StorageError) -> StoredProject? {
        guard let stored = try super.project(reference) else { return nil }
        return try withPauseLength(beats.applied(to: stored))
    }
}
