internal import LifecycleCore

/// What rules may ask, answered by one connection. Not `Sendable`: used on the connection's thread, between a BEGIN and
/// its end, which whoever owns the connection writes.
class SQLiteReadTransaction: ReadTransaction {
    let database: Database
    /// The storage error behind the last `RPCError` thrown here, for who must decide whether to go on.
    var failure: StorageError?

    private let projectByID: Statement
    private let projectByExternalID: Statement
    private let accountByUser: Statement
    private let entriesByUser: Statement
    private let entriesByProject: Statement
    private let eventsByProject: Statement
    /// Lists by the shape of their filter, prepared when first asked for.
    var lists: [String: Statement] = [:]

    init(_ database: Database) throws(StorageError) {
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
        eventsByProject = try database.prepare(
            """
            SELECT e.seq, e.kind, e.at, a.userId, p.id, e.uid, e.gid, e.pid, e.detail
            FROM event AS e JOIN account AS a ON a.id = e.account LEFT JOIN project AS p ON p.row = e.project
            WHERE e.project = ?1 ORDER BY e.seq
            """)
    }

    func project(_ reference: ProjectReference) throws(RPCError) -> StoredProject? {
        try reporting { () throws(StorageError) in
            switch reference {
            case .projectID(let id):
                projectByID.bind(1, id)
                return try projectByID.first(ProjectRow.read)
            case .externalID(let id):
                projectByExternalID.bind(1, id)
                return try projectByExternalID.first(ProjectRow.read)
            }
        }
    }

    func account(of userId: String) throws(RPCError) -> Account? {
        try reporting { () throws(StorageError) in
            accountByUser.bind(1, userId)
            return try accountByUser.first { row throws(StorageError) in
                Account(
                    row: row.integer(0),
                    balance: Balance(userId: row.text(1), available: row.integer(2), held: row.integer(3)),
                    granted: row.integer(4))
            }
        }
    }

    func entries(ofUser userId: String, before: Int64?, limit: Int) throws(RPCError) -> [Entry] {
        try reporting { () throws(StorageError) in
            entriesByUser.bind(1, userId)
            entriesByUser.bind(2, before ?? .max)
            entriesByUser.bind(3, Int64(limit))
            return try entriesByUser.all(EntryRow.read)
        }
    }

    func entries(ofProject row: Int64) throws(RPCError) -> [Entry] {
        try reporting { () throws(StorageError) in
            entriesByProject.bind(1, row)
            return try entriesByProject.all(EntryRow.read)
        }
    }

    func events(ofProject row: Int64) throws(RPCError) -> [Event] {
        try reporting { () throws(StorageError) in
            eventsByProject.bind(1, row)
            return try eventsByProject.all { row throws(StorageError) in
                guard let kind = Event.Kind(rawValue: row.text(1)) else {
                    throw StorageError(.corrupt, "event \(row.integer(0)) has an unknown kind")
                }
                return Event(
                    seq: row.integer(0), kind: kind, at: Timestamp(milliseconds: row.integer(2)), userId: row.text(3),
                    projectId: row.projectID(4), uid: row.integer(5),
                    gid: row.integer(6), pid: row.integer(7), detail: row.optionalText(8))
            }
        }
    }

    /// Turns what storage throws into what callers see, and remembers it.
    final func reporting<Value>(_ body: () throws(StorageError) -> Value) throws(RPCError) -> Value {
        do {
            return try body()
        } catch {
            failure = error
            throw RPCError(error)
        }
    }
}

extension RPCError {
    /// Paths and SQL stay in the log.
    init(_ error: StorageError) {
        switch error.kind {
        case .full: self = .storageFull
        case .busy: self = .storageUnavailable("another program holds its lock")
        case .constraint: self = .internalError("the ledger refused a change that breaks its rules")
        default: self = .storageUnavailable("it failed and the daemon is stopping")
        }
    }
}

extension Statement {
    /// The first row, or nil; the statement is ready again afterwards.
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
