package import LifecycleCore

/// The reads of the ledger's rules on one connection. Not `Sendable`: used on the thread of the connection, inside a
/// transaction that the owner of the connection begins and ends.
package class SQLiteReadTransaction: LedgerReadTransaction {
    let database: Database
    package let nextDeadline: NextDeadline
    /// The time of the current request.
    private(set) var now = Timestamp(milliseconds: .min)
    /// The due projects that the request has met.
    package private(set) var due = Due()
    package final var hasMetDue: Bool { !due.isEmpty }
    /// The changes that the request makes on its connection.
    package private(set) var effects: [ConnectionEffect] = []
    /// The storage error behind the last `RPCError` that was thrown here. The caller needs it to decide whether to
    /// continue.
    package final var failure: StorageError?
    package final var hasFailure: Bool { failure != nil }
    /// Makes backups; `nil` on connections that make none.
    package var backups: (any BackupMaker)?

    private let projectByID: Statement
    private let projectByExternalID: Statement
    private let accountByUser: Statement
    private let entriesByUser: Statement
    private let entriesByProject: Statement
    private let eventsByProject: Statement
    /// Statements by their SQL text, prepared when they are first used.
    private var prepared: [String: Statement] = [:]

    package init(_ database: Database, _ nextDeadline: NextDeadline) throws(StorageError) {
        self.database = database
        self.nextDeadline = nextDeadline
        projectByID = try database.prepare(ProjectRow.select + " WHERE p.id = ?1")
        projectByExternalID = try database.prepare(ProjectRow.select + " WHERE p.externalId = ?1")
        accountByUser = try database.prepare(
            "SELECT id, userId, available, pendingCredits + processingCredits, granted FROM account WHERE userId = ?1")
        entriesByUser = try database.prepare(
            EntryRow.select
                + " WHERE e.account = (SELECT id FROM account WHERE userId = ?1) AND e.id < ?2 ORDER BY e.id DESC LIMIT ?3"
        )
        entriesByProject = try database.prepare(
            EntryRow.select + " WHERE e.project = ?1 AND e.kind = 'charge' UNION ALL "
                + EntryRow.select + " WHERE e.project = ?1 AND e.kind IN ('capture', 'refund')")
        eventsByProject = try database.prepare(EventRow.select + " WHERE e.project = ?1 ORDER BY e.seq")
    }

    // MARK: One request

    /// Clears the results of the last request.
    package func begin(at now: Timestamp) {
        self.now = now
        failure = nil
        due = Due()
        effects.removeAll(keepingCapacity: true)
    }

    package func affect(_ effect: ConnectionEffect) { effects.append(effect) }

    /// A cheap check before the search for due projects: usually no project is due.
    var mayBeDue: Bool { min(earliestInSnapshot, nextDeadline.time) <= now }
    /// The earliest deadline when this snapshot was opened. A project that was expired since then still looks due in
    /// the snapshot. The writer does not set it, because it always sees the newest state.
    package var earliestInSnapshot = Timestamp(milliseconds: .max)

    func touch(_ stored: StoredProject) {
        guard let deadline = stored.project.deadline, deadline <= now, mayBeDue else { return }
        due.projects.append(stored.project.projectId)
    }

    /// - Parameter userId: `nil` for all users.
    func touch(user userId: String?) throws(StorageError) {
        guard mayBeDue else { return }
        let search = try prepared(DueSQL.exists(ofUser: userId != nil))
        search.bind(1, now)
        if let userId { search.bind(2, userId) }
        guard try search.first({ _ in true }) != nil else { return }
        if let userId { due.users.append(userId) } else { due.isEverything = true }
    }

    final func prepared(_ sql: String) throws(StorageError) -> Statement {
        if let known = prepared[sql] { return known }
        let statement = try database.prepare(sql)
        prepared[sql] = statement
        return statement
    }

    // MARK: Reads

    package func project(_ reference: ProjectReference) throws(RPCError) -> StoredProject? {
        try reporting { () throws(StorageError) in
            let stored: StoredProject?
            switch reference {
            case .projectID(let id):
                projectByID.bind(1, id)
                stored = try projectByID.first(ProjectRow.read)
            case .externalID(let id):
                projectByExternalID.bind(1, id)
                stored = try projectByExternalID.first(ProjectRow.read)
            }
            if let stored { touch(stored) }
            return stored
        }
    }

    package func account(of userId: String) throws(RPCError) -> Account? {
        try reporting { () throws(StorageError) in
            try touch(user: userId)
            accountByUser.bind(1, userId)
            return try accountByUser.first { row throws(StorageError) in
                Account(
                    row: row.integer(0),
                    balance: Balance(userId: row.text(1), available: row.integer(2), held: row.integer(3)),
                    granted: row.integer(4))
            }
        }
    }

    package func entries(ofUser userId: String, before: Int64?, limit: Int) throws(RPCError) -> [Entry] {
        try reporting { () throws(StorageError) in
            try touch(user: userId)
            entriesByUser.bind(1, userId)
            entriesByUser.bind(2, before ?? .max)
            entriesByUser.bind(3, Int64(limit))
            return try entriesByUser.all(EntryRow.read)
        }
    }

    package func entries(ofProject row: Int64) throws(RPCError) -> [Entry] {
        try reporting { () throws(StorageError) in
            entriesByProject.bind(1, row)
            return try entriesByProject.all(EntryRow.read)
        }
    }

    package func events(ofProject row: Int64) throws(RPCError) -> [Event] {
        try reporting { () throws(StorageError) in
            eventsByProject.bind(1, row)
            return try eventsByProject.all(EventRow.read)
        }
    }

    /// Turns a storage error into the error for the caller, and keeps it in `failure`.
    package final func reporting<Value>(_ body: () throws(StorageError) -> Value) throws(RPCError) -> Value {
        do {
            return try body()
        } catch {
            failure = error
            throw RPCError(error)
        }
    }
}

extension Statement {
    /// The first row, or `nil`. The statement is reset afterwards.
    func first<Value>(_ read: (Statement) throws(StorageError) -> Value) throws(StorageError) -> Value? {
        defer { reset() }
        return try step() ? try read(self) : nil
    }

    func all<Value>(_ read: (Statement) throws(StorageError) -> Value) throws(StorageError) -> [Value] {
        defer { reset() }
        var rows: [Value] = []
        while try step() { rows.append(try read(self)) }
        return rows
    }
}
