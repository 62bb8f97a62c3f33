internal import LifecycleClient
internal import LifecycleCore
internal import TestSupport
internal import Testing

@testable internal import LifecycleRPC
@testable internal import LifecycleSQLite

/// The schema carries the ledger's promises, so nothing goes on with another one.
@Suite("The schema is compared with what the migrations make", .ledgers)
struct SchemaTests {
    private func objects(_ file: RawDatabase) throws -> [[String]] {
        try file.rows("SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name")
    }

    @Test("the digest that a start compares first is that of the migrations")
    func digest() throws {
        let digest = try Database.schemaObjects(madeBy: Schema.migrations).digest
        #expect(Schema.digest == digest, "Schema.digest must be 0x\(String(digest, radix: 16))")
    }

    @Test("audit.sql names every table, index and trigger, and no other")
    func names() throws {
        let named = try auditScript().matches(of: /\('(table|index|trigger)', '([A-Za-z]+)'\)/).map {
            "\($0.output.1) \($0.output.2)"
        }
        let made = try Database.schemaObjects(madeBy: Schema.migrations).map(\.title)
        #expect(named.sorted() == made.filter { !$0.hasPrefix("index sqlite_autoindex_") }.sorted())
    }

    // MARK: What a hand did to it

    static let changes: [(sql: String, named: String)] = [
        ("DROP TRIGGER projectRefund", "trigger projectRefund is missing"),
        ("DROP TRIGGER entryFixed; DROP TRIGGER entryKept", "(and 1 more)"),
        ("DROP INDEX entryOutcome", "index entryOutcome is missing"),
        ("DROP INDEX projectByStatus; CREATE INDEX projectByStatus ON project (status, row)", "index projectByStatus"),
        ("CREATE INDEX mine ON project (name)", "index mine is none of this ledger's"),
        ("CREATE TABLE notes (text)", "table notes is none of this ledger's"),
        ("CREATE VIEW users AS SELECT userId FROM account", "view users is none of this ledger's"),
        (
            """
            CREATE TRIGGER gift AFTER UPDATE ON project BEGIN
                UPDATE account SET available = available + 1, granted = granted + 1 WHERE id = NEW.account;
            END
            """, "trigger gift is none of this ledger's"
        ),
        (
            "DROP TRIGGER entryFixed; CREATE TRIGGER entryFixed BEFORE UPDATE ON entry BEGIN SELECT 1; END",
            "trigger entryFixed is not what this ledger's was"
        ),
        ("ALTER TABLE project ADD COLUMN mine TEXT", "table project is not what this ledger's was"),
        (
            """
            PRAGMA writable_schema = ON;
            UPDATE sqlite_schema SET sql = replace(sql, 'CHECK (credits BETWEEN 0', 'CHECK (credits BETWEEN -9')
            WHERE name = 'project';
            PRAGMA writable_schema = RESET
            """, "table project is not what this ledger's was"
        ),
    ]

    @Test("a start refuses another schema and says what differs; the file stays as it is", arguments: changes)
    func refused(_ change: (sql: String, named: String)) async throws {
        let fixture = try await LedgerFixture()
        let ledger = fixture.ledger
        await ledger.close()
        let file = try RawDatabase(ledger.folder.database)
        try file.execute(change.sql)
        let before = try file.dump() + objects(file).joined()
        file.close()
        let error = await #expect(throws: StorageError.self) { try await ledger.open() }
        #expect(error?.kind == .corrupt)
        #expect(error?.message.contains(change.named) == true, "\(error?.message ?? "")")
        #expect(error?.message.contains(ledger.folder.database) == true)
        let after = try RawDatabase(ledger.folder.database)
        #expect(try after.dump() + objects(after).joined() == before)
        after.close()
    }

    @Test("audit.sql by itself finds what is missing and what is foreign")
    func byCommand() async throws {
        let fixture = try await LedgerFixture()
        let path = fixture.ledger.folder.database
        await fixture.ledger.close()
        let file = try RawDatabase(path)
        try file.execute(
            """
            DROP TRIGGER projectRefund; DROP INDEX entryOutcome; DROP TRIGGER entryOnce;
            CREATE INDEX mine ON project (name);
            INSERT INTO entry (account, project, kind, credits, at) VALUES (1, 4, 'refund', 40, 9)
            """)
        let found = try sqlite3Command(path, script: auditScript())
        let lines = found.output.split(separator: "\n").filter { $0.hasPrefix("schema|") }
        #expect(
            lines == [
                "schema|index entryOutcome|is missing", "schema|index mine|is none of this ledger's",
                "schema|trigger entryOnce|is missing", "schema|trigger projectRefund|is missing",
            ])
        #expect(found.output.contains("balance|ann|"), "a second refund")
        file.close()
    }

    @Test("under a daemon that runs: the audit finds it, a backup is refused, and no refund is told that was not made")
    func underADaemon() async throws {
        let fixture = try await LedgerFixture()
        let ledger = fixture.ledger
        let file = try RawDatabase(ledger.folder.database)
        let text = try file.rows("SELECT sql FROM sqlite_schema WHERE name = 'projectRefund'")[0][0]
        try file.execute("DROP TRIGGER projectRefund")
        let reply = try await ledger.report(fixture.projects[0], .failed)
        #expect(reply.project.status == .failed)
        #expect(reply.creditsRefunded == 0)
        #expect(reply.project.creditsRefunded == 0)
        #expect(try await ledger.call(GetStatus(projectId: fixture.projects[0])).project.creditsRefunded == 0)
        #expect(try await ledger.call(GetStatus(projectId: fixture.projects[3])).project.creditsRefunded == 40)
        #expect(try await ledger.findings().contains("schema"))
        let refusal = try #require(await ledger.error(Backup(path: "b.db")))
        #expect(refusal.text("reason")?.contains("projectRefund is missing") == true, "\(refusal)")

        // Another text under the same name is seen by the daemon's audit, which compares the texts.
        try file.execute(text.replacing("'refund', NEW.credits", with: "'refund', 0"))
        let found = try await ledger.call(Audit()).findings.filter { $0.check == "schema" }
        #expect(found.map(\.subject) == ["trigger projectRefund"])
        #expect(found.map(\.detail) == ["is not what this ledger's was"])
        file.close()
        await ledger.close()
    }

    @Test("what ANALYZE keeps is in nobody's way")
    func analyze() async throws {
        let fixture = try await LedgerFixture()
        try await fixture.ledger.offline { try $0.execute("ANALYZE") }
        #expect(try await fixture.ledger.findings() == [])
        await fixture.ledger.close()
    }

    // MARK: From one version to the next

    /// As the build before another migration made it: a user, and a project in every status.
    private func earlier(_ version: Int = 1, in folder: ScratchFolder, now: Int64) throws {
        let database = try Database(path: folder.database, mode: .writer)
        try Migrator.run(Array(Schema.migrations.prefix(version)), on: database)
        try database.checkpoint(.truncate)
        try database.close()
        let file = try RawDatabase(folder.database)
        try file.execute(
            """
            INSERT INTO account (userId) VALUES ('ann');
            INSERT INTO entry (account, kind, credits, at, reason) VALUES (1, 'grant', 100, \(now), 'top-up');
            INSERT INTO event (kind, account, at, uid, gid, pid) VALUES ('granted', 1, \(now), 0, 0, 0);
            """)
        for row in 1...4 {
            try file.execute(
                """
                INSERT INTO project (id, account, credits, createdAt, updatedAt, deadline)
                VALUES (randomblob(16), 1, \(row), \(now), \(now), \(now + 60_000));
                INSERT INTO event (kind, account, project, at, uid, gid, pid) VALUES ('created', 1, \(row), \(now), 0, 0, 0);
                """)
        }
        for row in [2, 3] {
            try file.execute(
                """
                UPDATE project SET status = 'processing', startedAt = \(now) WHERE row = \(row);
                INSERT INTO event (kind, account, project, at, uid, gid, pid)
                VALUES ('processing', 1, \(row), \(now), 0, 0, 0);
                """)
        }
        try file.execute(
            """
            UPDATE project SET status = 'completed', finishedAt = \(now), deadline = NULL WHERE row = 3;
            INSERT INTO event (kind, account, project, at, uid, gid, pid) VALUES ('completed', 1, 3, \(now), 0, 0, 0);
            UPDATE project SET status = 'failed', errorCode = 'x', errorMessage = 'x', finishedAt = \(now), deadline = NULL
            WHERE row = 4;
            INSERT INTO event (kind, account, project, at, uid, gid, pid) VALUES ('failed', 1, 4, \(now), 0, 0, 0);
            """)
        file.close()
    }

    @Test(
        "a database of an earlier version keeps every row, and has then the schema of a new one", arguments: [1, 2])
    func upgrade(from version: Int) async throws {
        let fresh = try LedgerHarness()
        let schema = try await fresh.offline { try objects($0) }
        await fresh.close()

        let folder = try ScratchFolder()
        try earlier(version, in: folder, now: fresh.now)
        let file = try RawDatabase(folder.database)
        // The third one has three more columns, which are empty.
        let before = try file.dump().map { $0.hasPrefix("project|") ? $0 + "|||" : $0 }
        #expect(try objects(file) != schema)
        file.close()
        let ledger = try LedgerHarness(in: folder)
        let upgraded = try await ledger.offline { file in
            (rows: try file.dump(), schema: try objects(file), version: try file.rows("PRAGMA user_version"))
        }
        #expect(upgraded.rows == before)
        #expect(upgraded.schema == schema)
        #expect(upgraded.version == [["\(Schema.migrations.count)"]])
        #expect(try await ledger.findings() == [])
        #expect(try await ledger.call(GetBalance(userId: "ann")) == Balance(userId: "ann", available: 94, held: 3))
        try await ledger.offline { file in
            #expect(file.refusal("UPDATE OR REPLACE account SET rowid = 7") != nil)
        }
        await ledger.close()
    }

    @Test("one of the first version that lacks a trigger is not healed in silence: what it did without is unknown")
    func upgradeOfAnother() async throws {
        let folder = try ScratchFolder()
        try earlier(in: folder, now: 1_800_000_000_000)
        let file = try RawDatabase(folder.database)
        try file.execute("DROP TRIGGER projectRefund")
        let before = try file.dump() + objects(file).joined()
        file.close()
        let error = #expect(throws: StorageError.self) { try LedgerHarness(in: folder) }
        #expect(error?.message.contains("trigger projectRefund is missing") == true)
        let after = try RawDatabase(folder.database)
        #expect(try after.dump() + objects(after).joined() == before)
        #expect(try after.rows("PRAGMA user_version") == [["1"]])
        after.close()
    }

    @Test("the guards can be put back by their file")
    func putBack() async throws {
        let fixture = try await LedgerFixture()
        try await fixture.ledger.offline { file in
            try file.execute("DROP TRIGGER projectRefund")
            try file.execute(Schema.guards)
        }
        #expect(try await fixture.ledger.findings() == [])
        await fixture.ledger.close()
    }

    // MARK: Reals

    /// Versions of SQLite write another text for the same REAL, so nothing may depend on one.
    @Test("the one REAL is in no index, and nothing makes text of it or of any other")
    func reals() async throws {
        let fixture = try await LedgerFixture()
        try await fixture.ledger.offline { file in
            let tables = ["account", "project", "entry", "event", "clock"]
            let reals = try tables.flatMap { table in
                try file.rows(
                    "SELECT name FROM pragma_table_info('\(table)') WHERE type NOT IN ('INTEGER', 'TEXT', 'BLOB')"
                ).map { "\(table).\($0[0])" }
            }
            #expect(reals == ["project.progress"])
            // An expression has no name.
            let indexed = try file.rows(
                """
                SELECT s.name, ifnull(c.name, 'an expression') FROM sqlite_schema AS s, pragma_index_xinfo(s.name) AS c
                WHERE s.type = 'index' AND c.cid <> -1 AND (c.name IS NULL OR c.name = 'progress')
                """)
            #expect(indexed.isEmpty, "\(indexed)")
            let others = try file.rows(
                "SELECT name, sql FROM sqlite_schema WHERE type <> 'table' AND sql LIKE '%progress%'")
            for other in others {
                let rest = other[1]
                    .replacing("NEW.progress IS NOT OLD.progress", with: "")
                    .replacing("NEW.progress IS NOT NULL", with: "")
                #expect(!rest.contains("progress"), "\(other[0]) may compare it as a number, and nothing else")
            }
            let table = try file.rows("SELECT sql FROM sqlite_schema WHERE name = 'project'")[0][0]
            #expect(
                table.split(separator: "\n").filter { $0.contains("progress") && !$0.contains("--") }
                    == ["    progress       REAL CHECK (progress BETWEEN 0 AND 1),"])
        }
        // Nor does anything else make a REAL: no fraction, and nothing that answers with one.
        let texts = try Schema.migrations.map(\.sql) + [auditScript()]
        for text in texts {
            let lines = text.split(separator: "\n").filter { !$0.drop { $0 == " " }.hasPrefix("--") }
            let code = lines.joined(separator: "\n")
            for word in [/[0-9]\.[0-9]/, /\b(?:AS REAL|avg|total|round|julianday|printf|format)\b/, /\s\/\s/] {
                #expect(code.firstMatch(of: word) == nil)
            }
        }
        #expect(!(try auditScript().contains("progress")))
        await fixture.ledger.close()
    }
}
