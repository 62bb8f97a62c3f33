package import LifecycleCore

/// The reads of the ledger's rules on one connection. Not `Sendable`: used on the thread of the connection, inside a
/// transaction that the owner of the connection begins and ends.
package class SQLiteReadTransaction: LedgerReads {
    let database: Database
    /// Makes backups; `nil` on connections that make none.
    package var backups: (any BackupMaker)?

    private let projectByID: Statement
    private let projectByExternalID: Statement
    private let accountByUser: Statement
    private let entriesByUser: Statement
    private let entriesByProject: Statement
    /// Statements by their SQL text, prepared when they are first used.
    private var prepared: [String: Statement] = [:]

    package init(_ database: Database) throws(StorageError) {
        self.database = database
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
    }

    final func prepared(_ sql: String) throws(StorageError) -> Statement {
        if let known = prepared[sql] { return known }
        let statement = try database.prepare(sql)
        prepared[sql] = statement
        return statement
    }

    // MARK: Reads

    package func project(_ reference: ProjectReference) throws(StorageError) -> StoredProject? {
        switch reference {
        case .projectID(let id):
            projectByID.bind(1, id)
            return try projectByID.first(ProjectRow.read)
        case .externalID(let id):
            projectByExternalID.bind(1, id)
            return try projectByExternalID.first(ProjectRow.read)
        }
    }

    package func account(of userId: String) throws(StorageError) -> Account? {
        accountByUser.bind(1, userId)
        return try accountByUser.first { row throws(StorageError) in
            Account(
                row: row.integer(0),
                balance: Balance(userId: row.text(1), available: row.integer(2), held: row.integer(3)),
                granted: row.integer(4))
        }
    }

    package func entries(ofUser userId: String, before: Int64?, limit: Int) throws(StorageError) -> [Entry] {
        entriesByUser.bind(1, userId)
        entriesByUser.bind(2, before ?? .max)
        entriesByUser.bind(3, Int64(limit))
        return try entriesByUser.all(EntryRow.read)
    }

    package func entries(ofProject row: Int64) throws(StorageError) -> [Entry] {
        entriesByProject.bind(1, row)
        return try entriesByProject.all(EntryRow.read)
    }

    package func dueProjects(
        ofUser userId: String?, at now: Timestamp, limit: Int
    ) throws(StorageError) -> [StoredProject] {
        let list = try prepared(DueSQL.list(ofUser: userId != nil))
        list.bind(1, now)
        if let userId { list.bind(2, userId) }
        list.bind(3, Int64(limit))
        return try list.all(ProjectRow.read)
    }

    package func earliestDeadline() throws(StorageError) -> Timestamp? {
        try prepared("SELECT deadline FROM project WHERE deadline IS NOT NULL ORDER BY deadline LIMIT 1")
            .first { Timestamp(milliseconds: $0.integer(0)) }
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
