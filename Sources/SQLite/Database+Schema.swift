internal import LifecycleCore

/// A table, an index or a trigger, with the text that made it.
struct SchemaObject: Sendable {
    let type: String
    let name: String
    let table: String
    /// Empty for what SQLite makes by itself.
    let sql: String

    /// As `audit.sql` calls it.
    var title: String { "\(type) \(name)" }

    func isSame(as other: SchemaObject) -> Bool {
        title.hasSameBytes(as: other.title) && table.hasSameBytes(as: other.table) && sql.hasSameBytes(as: other.sql)
    }
}

/// One object that is not as it should be.
struct SchemaDifference: Sendable {
    enum Kind: String {
        case missing = "is missing"
        case changed = "is not what this ledger's was"
        case foreign = "is none of this ledger's"
    }

    let title: String
    let kind: Kind

    /// What `audit.sql` does not see, as it knows names only.
    var isChange: Bool { kind == .changed }

    var finding: AuditReport.Finding {
        AuditReport.Finding(check: "schema", subject: title, detail: kind.rawValue)
    }
}

/// The schema carries the ledger's promises: without a trigger a failed project gives nothing back. So it is compared.
extension Database {
    /// - Throws: `.corrupt` when the schema is not what these migrations make: no answer could be relied on.
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

    /// What differs from what these migrations make.
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

    /// By type and name. Not what ANALYZE keeps, which changes no answer.
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

    /// Made in memory, by the same SQLite.
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
    /// FNV-1a over all texts. It tells a schema from another by accident, and nobody from doing it on purpose.
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
