internal import LifecycleCore

/// A table, an index or a trigger, with the SQL text that created it.
struct SchemaObject: Sendable {
    let type: String
    let name: String
    let table: String
    /// Empty for objects that SQLite creates itself.
    let sql: String

    /// The name that `audit.sql` uses.
    var title: String { "\(type) \(name)" }

    func isSame(as other: SchemaObject) -> Bool {
        title.hasSameBytes(as: other.title) && table.hasSameBytes(as: other.table) && sql.hasSameBytes(as: other.sql)
    }
}

/// An object of the schema that differs from the expected one.
struct SchemaDifference: Sendable {
    enum Kind: String {
        case missing = "is missing"
        case changed = "is not what this ledger's was"
        case foreign = "is none of this ledger's"
    }

    let title: String
    let kind: Kind

    /// True if only the text differs. `audit.sql` compares names only, so it does not find this.
    var isChange: Bool { kind == .changed }

    var finding: AuditReport.Finding {
        AuditReport.Finding(check: "schema", subject: title, detail: kind.rawValue)
    }
}

/// The schema enforces the promises of the ledger: without its trigger a failed project would get no refund. So the
/// schema is compared with the expected one.
extension Database {
    /// - Throws: `.corrupt` if the schema is not what these migrations make, because no answer would be reliable.
    func requireSchema(madeBy migrations: [(version: Int, sql: String)]) throws(StorageError) {
        let isNewest = migrations.last?.version == Schema.migrations.last?.version
        if isNewest, try schemaObjects().digest == Schema.digest { return }
        let differences = try schemaDifferences(from: migrations)
        guard let first = differences.first else { return }
        let others = differences.count == 1 ? "" : " (and \(differences.count - 1) more)"
        throw StorageError(
            .corrupt,
            """
            the schema of \(path) is not as lifecycled made it: \(first.title) \(first.kind.rawValue)\(others): restore a \
            backup, or see "A changed schema" in docs/operations.md
            """)
    }

    /// The differences between the schema and the one that these migrations make.
    func schemaDifferences(
        from migrations: [(version: Int, sql: String)]
    ) throws(StorageError) -> [SchemaDifference] {
        var expected = try Self.schemaObjects(madeBy: migrations)
        var differences: [SchemaDifference] = []
        for object in try schemaObjects() {
            guard let index = expected.firstIndex(where: { $0.title.hasSameBytes(as: object.title) }) else {
                differences.append(SchemaDifference(title: object.title, kind: .foreign))
                continue
            }
            if !expected.remove(at: index).isSame(as: object) {
                differences.append(SchemaDifference(title: object.title, kind: .changed))
            }
        }
        return expected.map { SchemaDifference(title: $0.title, kind: .missing) } + differences
    }

    /// Ordered by type and name. Without the tables of ANALYZE, which change no answer.
    func schemaObjects() throws(StorageError) -> [SchemaObject] {
        let list = try prepare(
            """
            SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite^_stat%' ESCAPE '^'
            ORDER BY type, name
            """)
        return try list.all { row throws(StorageError) in
            SchemaObject(type: row.text(0), name: row.text(1), table: row.text(2), sql: row.text(3))
        }
    }

    /// Creates the schema in memory, with the same SQLite.
    static func schemaObjects(
        madeBy migrations: [(version: Int, sql: String)]
    ) throws(StorageError) -> [SchemaObject] {
        guard !migrations.isEmpty else { return [] }
        let database = try Database.inMemory()
        for migration in migrations { try database.execute(migration.sql) }
        return try database.schemaObjects()
    }
}

extension [SchemaObject] {
    /// FNV-1a over all texts. It detects accidental changes of the schema. It does not protect against intended ones.
    var digest: UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        func add(_ byte: UInt8) { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        for object in self {
            for text in [object.type, object.name, object.table, object.sql] {
                for byte in text.utf8 { add(byte) }
                add(0)
            }
        }
        return hash
    }
}
