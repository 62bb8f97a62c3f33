internal import LifecycleCore
internal import Testing

/// Whoever opens the file with the `sqlite3` command can still not break what the ledger promises.
@Suite("The schema keeps the ledger's promises against raw SQL", .ledgers)
struct RawSQLTests {
    static let failed =
        "status = 'failed', errorCode = 'crashed', errorMessage = 'x', finishedAt = 5, updatedAt = 5, deadline = NULL"
    static let completed = "status = 'completed', startedAt = 5, finishedAt = 5, updatedAt = 5, deadline = NULL"
    static let newProject = "INTO project (id, account, credits, createdAt, updatedAt, deadline"

    /// None of these may do anything.
    static let forbidden: [String] = [
        // Refunds.
        "INSERT INTO entry (account, project, kind, credits, at) VALUES (1, 4, 'refund', 40, 9)",
        "INSERT OR REPLACE INTO entry (account, project, kind, credits, at) VALUES (1, 4, 'refund', 40, 9)",
        "INSERT OR REPLACE INTO entry (id, account, project, kind, credits, at) VALUES (6, 1, 4, 'refund', 40, 9)",
        "INSERT INTO entry (account, project, kind, credits, at) VALUES (1, 1, 'refund', 10, 9)",
        "INSERT INTO entry (account, project, kind, credits, at) VALUES (1, 2, 'refund', 20, 9)",
        "INSERT INTO entry (account, project, kind, credits, at) VALUES (1, 3, 'refund', 30, 9)",
        "INSERT INTO entry (account, project, kind, credits, at) VALUES (1, 3, 'capture', 30, 9)",
        "INSERT INTO entry (account, project, kind, credits, at) VALUES (1, 1, 'charge', 10, 9)",
        "INSERT INTO entry (account, project, kind, credits, at) VALUES (1, 99, 'charge', 10, 9)",
        "INSERT INTO entry (account, project, kind, credits, at) VALUES (2, 4, 'refund', 40, 9)",
        "INSERT INTO entry (account, kind, credits, at) VALUES (1, 'refund', 40, 9)",
        "INSERT INTO entry (account, kind, credits, at, reason) VALUES (1, 'refund', 40, 9, 'x')",
        "INSERT INTO entry (account, kind, credits, at, reason) VALUES (1, 'gift', 40, 9, 'x')",
        "INSERT INTO entry (account, kind, credits, at, reason) VALUES (1, 'grant', -1, 9, 'x')",
        "INSERT INTO entry (account, kind, credits, at, reason) VALUES (1, 'grant', 9007199254740991, 9, 'x')",
        "INSERT INTO entry (account, kind, credits, at, reason) VALUES (1, 'adjustment', -9999, 9, 'x')",
        "INSERT INTO entry (account, kind, credits, at, reason) VALUES (1, 'grant', 1.5, 9, 'x')",
        "INSERT INTO entry (account, kind, credits, at) VALUES (1, 'grant', 1, 9)",
        "INSERT INTO entry (account, kind, credits, at, reason) VALUES (99, 'grant', 1, 9, 'x')",
        "INSERT INTO entry (account, kind, credits, at, reason, idempotencyKey) VALUES (1, 'grant', 1, 9, 'x', 'grant')",
        // The outer statement's conflict clause is used inside of triggers, too.
        "INSERT OR IGNORE INTO entry (account, kind, credits, at, reason) VALUES (1, 'adjustment', -9999, 9, 'x')",
        "INSERT OR FAIL INTO entry (account, kind, credits, at, reason) VALUES (1, 'adjustment', -9999, 9, 'x')",
        "INSERT OR IGNORE INTO entry (account, kind, credits, at, reason) VALUES (1, 'grant', 9007199254740991, 9, 'x')",
        "INSERT OR FAIL INTO entry (account, kind, credits, at, reason) VALUES (1, 'grant', 9007199254740991, 9, 'x')",
        // Entries and events never change.
        "UPDATE entry SET credits = 1",
        "UPDATE entry SET at = at",
        "UPDATE OR REPLACE entry SET id = 1 WHERE id = 2",
        "UPDATE OR IGNORE entry SET reason = 'y' WHERE id = 1",
        "DELETE FROM entry",
        "DELETE FROM entry WHERE id = 1",
        "INSERT OR REPLACE INTO entry (id, account, kind, credits, at, reason) VALUES (1, 1, 'grant', 5, 9, 'x')",
        "REPLACE INTO entry (account, kind, credits, at, reason, idempotencyKey) VALUES (1, 'grant', 5, 9, 'x', 'grant')",
        """
        INSERT INTO entry (id, account, kind, credits, at, reason) VALUES (1, 1, 'grant', 5, 9, 'x')
        ON CONFLICT (id) DO UPDATE SET credits = 5
        """,
        "UPDATE event SET uid = 0",
        "DELETE FROM event WHERE seq = 1",
        "INSERT OR REPLACE INTO event (seq, kind, account, at, uid, gid, pid) VALUES (3, 'granted', 1, 9, 0, 0, 0)",
        "REPLACE INTO event (seq, kind, account, project, at, uid, gid, pid) VALUES (3, 'created', 1, 1, 9, 0, 0, 0)",
        """
        INSERT INTO event (seq, kind, account, at, uid, gid, pid) VALUES (3, 'granted', 1, 9, 0, 0, 0)
        ON CONFLICT (seq) DO UPDATE SET uid = 0
        """,
        // The first verdict stays.
        "UPDATE project SET status = 'processing' WHERE row = 4",
        "UPDATE project SET status = 'pending' WHERE row = 4",
        "UPDATE project SET status = 'failed' WHERE row = 4",
        "UPDATE project SET \(completed), errorCode = NULL, errorMessage = NULL WHERE row = 4",
        "UPDATE project SET \(failed) WHERE row = 3",
        "UPDATE OR REPLACE project SET \(failed) WHERE row = 3",
        "UPDATE OR IGNORE project SET \(failed) WHERE row = 3",
        "UPDATE project SET finishedAt = 1 WHERE row = 4",
        "UPDATE project SET errorCode = 'other' WHERE row = 4",
        "UPDATE project SET errorMessage = 'other' WHERE row = 4",
        // A status moves forwards, and whole.
        "UPDATE project SET status = 'failed' WHERE row = 1",
        "UPDATE project SET status = 'completed' WHERE row = 2",
        "UPDATE project SET status = 'pending' WHERE row = 2",
        "UPDATE project SET status = 'pending' WHERE row = 1",
        "UPDATE project SET status = 'processing' WHERE row = 2",
        "UPDATE project SET status = 'lost' WHERE row = 1",
        "UPDATE project SET status = NULL WHERE row = 1",
        "UPDATE project SET finishedAt = 5 WHERE row = 1",
        "UPDATE project SET deadline = NULL WHERE row = 1",
        "UPDATE project SET startedAt = 5 WHERE row = 1",
        "UPDATE project SET errorCode = 'crashed' WHERE row = 1",
        // What a project was created with stays.
        "UPDATE project SET credits = 1 WHERE row = 1",
        "UPDATE project SET id = randomblob(16) WHERE row = 1",
        "UPDATE project SET account = 2 WHERE row = 1",
        "UPDATE project SET row = 77 WHERE row = 1",
        "UPDATE project SET createdAt = 1 WHERE row = 1",
        "UPDATE project SET idempotencyKey = 'other' WHERE row = 1",
        "UPDATE project SET hadExternalId = 0 WHERE row = 1",
        "UPDATE project SET externalId = 'other' WHERE row = 1",
        "UPDATE project SET externalId = NULL WHERE row = 1",
        "DELETE FROM project",
        "DELETE FROM project WHERE row = 4",
        // Nothing is replaced.
        "UPDATE OR REPLACE project SET row = 4 WHERE row = 1",
        "UPDATE OR REPLACE project SET id = (SELECT id FROM project WHERE row = 4) WHERE row = 1",
        "UPDATE OR REPLACE project SET externalId = 'x4' WHERE row = 1",
        "UPDATE OR REPLACE project SET externalId = 'x4' WHERE row = 5",
        "UPDATE OR REPLACE project SET idempotencyKey = 'key4' WHERE row = 1",
        "INSERT OR REPLACE \(newProject), row) VALUES (randomblob(16), 1, 1, 9, 9, 99, 4)",
        "INSERT OR REPLACE \(newProject)) SELECT id, 1, 1, 9, 9, 99 FROM project WHERE row = 4",
        "INSERT OR REPLACE \(newProject), externalId) VALUES (randomblob(16), 1, 1, 9, 9, 99, 'x4')",
        "INSERT OR REPLACE \(newProject), idempotencyKey) VALUES (randomblob(16), 1, 1, 9, 9, 99, 'key4')",
        """
        INSERT \(newProject), externalId) VALUES (randomblob(16), 1, 1, 9, 9, 99, 'x4')
        ON CONFLICT (externalId) WHERE externalId IS NOT NULL DO UPDATE SET credits = 1
        """,
        // Projects that nobody paid for.
        "INSERT \(newProject)) VALUES (randomblob(16), 1, 100000, 9, 9, 99)",
        "INSERT OR IGNORE \(newProject)) VALUES (randomblob(16), 1, 100000, 9, 9, 99)",
        "INSERT OR FAIL \(newProject)) VALUES (randomblob(16), 1, 100000, 9, 9, 99)",
        "INSERT OR REPLACE \(newProject)) VALUES (randomblob(16), 1, 100000, 9, 9, 99)",
        "INSERT \(newProject)) VALUES (randomblob(16), 99, 10, 9, 9, 99)",
        "INSERT \(newProject)) VALUES (randomblob(16), 99, 0, 9, 9, 99)",
        "INSERT \(newProject)) VALUES (randomblob(16), 1, -5, 9, 9, 99)",
        "INSERT \(newProject)) VALUES (randomblob(15), 1, 5, 9, 9, 99)",
        "INSERT \(newProject), status) VALUES (randomblob(16), 1, 5, 9, 9, 99, 'processing')",
        "INSERT \(newProject), status) VALUES (randomblob(16), 1, 5, 9, 9, 99, NULL)",
        """
        INSERT INTO project (id, account, credits, createdAt, updatedAt, status, finishedAt, errorCode, errorMessage)
        VALUES (randomblob(16), 1, 5, 9, 9, 'failed', 9, 'x', 'x')
        """,
        // Accounts.
        "UPDATE account SET available = available + 1",
        "UPDATE account SET granted = granted + 1",
        "UPDATE account SET pendingCredits = 0, available = available + pendingCredits - 1",
        "UPDATE account SET available = -1, granted = granted - available - 1",
        "UPDATE account SET failed = -1",
        "UPDATE account SET userId = 'eve' WHERE id = 1",
        "UPDATE account SET id = 7 WHERE id = 1",
        "UPDATE OR REPLACE account SET id = 2 WHERE id = 1",
        "UPDATE OR REPLACE account SET userId = 'bob' WHERE id = 1",
        "DELETE FROM account",
        "INSERT INTO account (userId, available, granted) VALUES ('eve', 5, 5)",
        "INSERT OR REPLACE INTO account (userId) VALUES ('bob')",
        "INSERT OR REPLACE INTO account (id, userId) VALUES (2, 'eve')",
        "INSERT INTO account (userId) VALUES ('bob') ON CONFLICT (userId) DO UPDATE SET userId = 'eve'",
        "INSERT INTO account (userId) VALUES ('')",
        // Whatever the row's number is called, and whatever is in its way.
        "UPDATE OR REPLACE account SET rowid = 2 WHERE id = 1",
        "UPDATE OR REPLACE account SET oid = 2 WHERE id = 1",
        "UPDATE OR REPLACE account SET _rowid_ = 2 WHERE id = 1",
        "UPDATE account SET rowid = 7 WHERE id = 1",
        "UPDATE OR REPLACE project SET rowid = 4 WHERE row = 1",
        "UPDATE project SET _rowid_ = 77 WHERE row = 1",
        "UPDATE OR REPLACE entry SET rowid = 2 WHERE id = 1",
        "UPDATE OR REPLACE event SET oid = 2 WHERE seq = 1",
        "INSERT INTO account (rowid, userId) VALUES (9223372036854775807, 'eve')",
        "INSERT INTO entry (rowid, account, kind, credits, at, reason) VALUES (99, 1, 'grant', 1, 9, 'x')",
        "INSERT INTO event (seq, kind, account, at, uid, gid, pid) VALUES (9223372036854775807, 'granted', 1, 9, 0, 0, 0)",
        "INSERT INTO event (oid, kind, account, at, uid, gid, pid) VALUES (99, 'granted', 1, 9, 0, 0, 0)",
        // With OR REPLACE a NULL becomes the default, after the BEFORE triggers.
        "UPDATE OR REPLACE project SET status = NULL WHERE row = 2",
        "UPDATE OR REPLACE project SET status = NULL, startedAt = NULL WHERE row = 2",
        "UPDATE OR REPLACE project SET hadExternalId = NULL WHERE row = 1",
        "UPDATE OR REPLACE project SET refusedReports = NULL, name = 'x' WHERE row = 4",
        "UPDATE OR REPLACE account SET available = NULL WHERE id = 1",
        "INSERT OR REPLACE INTO account (userId, available, granted) VALUES ('eve', 5, NULL)",
        "INSERT OR REPLACE \(newProject), externalId, hadExternalId) VALUES (randomblob(16), 1, 1, 9, 9, 99, 'y', NULL)",
        // Its terms, and how it got where it is.
        "UPDATE project SET deadline = 9223372036854775807 WHERE row = 1",
        "UPDATE project SET deadline = deadline + 31536000000 WHERE row = 2",
        "UPDATE project SET lease = 1 WHERE row = 2",
        "UPDATE project SET startTimeout = 86400 WHERE row = 1",
        "UPDATE project SET maxRuntime = 9223372036854775807 WHERE row = 1",
        "UPDATE project SET name = 'x' WHERE row = 1",
        "UPDATE project SET metadata = '{}' WHERE row = 1",
        "UPDATE project SET startedAt = 5 WHERE row = 2",
        "UPDATE project SET startedAt = NULL WHERE row = 2",
        "UPDATE project SET progress = 1 WHERE row = 3",
        "UPDATE project SET message = 'x' WHERE row = 3",
        "UPDATE project SET detached = 1 WHERE row = 4",
        "UPDATE project SET cancelRequested = 1 WHERE row = 1",
        "UPDATE project SET cancelRequested = 1 WHERE row = 3",
        "UPDATE project SET refusedReports = 2 WHERE row = 4",
        "UPDATE project SET refusedReports = 1 WHERE row = 2",
        "UPDATE project SET retryOf = id WHERE row = 5",
        "UPDATE project SET trimmedAt = finishedAt + 86400001 WHERE row = 4",
        "UPDATE project SET trimmedAt = finishedAt, errorMessage = 'removed by retention' WHERE row = 4",
        "UPDATE project SET trimmedAt = 9223372036854775807 WHERE row = 1",
        "INSERT \(newProject)) VALUES (randomblob(16), 1, 1, 9, 9, 9223372036854775807)",
        "INSERT \(newProject), maxRuntime) VALUES (randomblob(16), 1, 1, 9, 9, 2000, 1)",
        "INSERT \(newProject), maxRuntime) VALUES (randomblob(16), 1, 1, 9, 9, 99, 9223372036854775807)",
        "INSERT \(newProject), lease) VALUES (randomblob(16), 1, 1, 9, 9, 99, 31536001)",
        "INSERT \(newProject), metadata) VALUES (randomblob(16), 1, 1, 9, 9, 99, '{' || char(10) || '}')",
        "INSERT \(newProject), metadata) VALUES (randomblob(16), 1, 1, 9, 9, 99, '1')",
        "INSERT \(newProject), externalId) VALUES (randomblob(16), 1, 1, 9, 9, 99, 'new')",
        "INSERT \(newProject), refusedReports) VALUES (randomblob(16), 1, 1, 9, 9, 99, 1)",
        "INSERT \(newProject), progress) VALUES (randomblob(16), 1, 1, 9, 9, 99, 0.5)",
        "INSERT \(newProject), cancelRequested) VALUES (randomblob(16), 1, 1, 9, 9, 99, 1)",
        "INSERT \(newProject), row) VALUES (randomblob(16), 1, 1, 9, 9, 99, 77)",
        // The end of its runtime, and pauses, which are of what is processing and a year at the most.
        "UPDATE project SET runtimeEnd = 9223372036854775807 WHERE row = 1",
        "UPDATE project SET runtimeEnd = createdAt + 31536000001 WHERE row = 2",
        "UPDATE project SET runtimeEnd = 1 WHERE row = 4",
        "UPDATE project SET pausedTime = 1 WHERE row = 1",
        "UPDATE project SET pausedTime = 1 WHERE row = 3",
        "UPDATE project SET pausedTime = 0 WHERE row = 2",
        "UPDATE project SET pausedTime = -1 WHERE row = 2",
        "UPDATE project SET pausedTime = 31536000001 WHERE row = 2",
        "UPDATE project SET pausedTime = 31536000001, deadline = deadline + 31536000001 WHERE row = 2",
        "UPDATE project SET pausedTime = NULL, deadline = deadline + 31536000000 WHERE row = 2",
        "UPDATE project SET pausedUntil = 1 WHERE row = 1",
        "UPDATE project SET pausedUntil = 1 WHERE row = 4",
        "UPDATE project SET pausedUntil = deadline + 1 WHERE row = 2",
        "INSERT \(newProject), runtimeEnd) VALUES (randomblob(16), 1, 1, 9, 9, 99, 99)",
        "INSERT \(newProject), pausedTime) VALUES (randomblob(16), 1, 1, 9, 9, 99, 0)",
        "INSERT \(newProject), pausedUntil) VALUES (randomblob(16), 1, 1, 9, 9, 99, 9)",
        "INSERT INTO clock (id, wall, uptime, agreed) VALUES (2, 0, 0, 0)",
        "UPDATE clock SET agreed = -1",
        "INSERT INTO account (userId, failed) VALUES ('eve', 1)",
        // Events of others' projects, and of none where there must be one.
        "INSERT INTO event (kind, account, project, at, uid, gid, pid) VALUES ('failed', 2, 1, 9, 0, 0, 0)",
        "INSERT INTO event (kind, account, at, uid, gid, pid) VALUES ('failed', 1, 9, 0, 0, 0)",
        "INSERT INTO event (kind, account, project, at, uid, gid, pid) VALUES ('granted', 1, 1, 9, 0, 0, 0)",
        "INSERT INTO event (kind, account, project, at, uid, gid, pid) VALUES ('failed', 1, 99, 9, 0, 0, 0)",
        // A row id of -1 looks to triggers like one still to be given, and the greatest leaves none above it.
        "INSERT INTO account (id, userId) VALUES (-1, 'eve')",
        "INSERT \(newProject), row) VALUES (randomblob(16), 1, 1, 9, 9, 99, -1)",
        "INSERT INTO entry (id, account, kind, credits, at, reason) VALUES (-1, 1, 'grant', 1, 9, 'x')",
        "INSERT INTO event (seq, kind, account, at, uid, gid, pid) VALUES (-1, 'granted', 1, 9, 0, 0, 0)",
    ]

    @Test("is refused, and nothing has changed", arguments: forbidden)
    func isRefused(_ sql: String) async throws {
        let fixture = try await LedgerFixture()
        try await fixture.ledger.offline { file in
            let before = try file.dump()
            let refusal = file.refusal(sql)
            let after = try file.dump()
            #expect(after == before, "\(sql): \(refusal ?? "not refused")")
            // IGNORE may say nothing, as long as it does nothing.
            if !sql.contains("OR IGNORE") { #expect(refusal != nil, "\(sql)") }
        }
        #expect(try await fixture.ledger.findings() == [])
        await fixture.ledger.close()
    }

    @Test("the daemon still works after whatever was tried")
    func stillWorks() async throws {
        let fixture = try await LedgerFixture()
        try await fixture.ledger.offline { file in
            for sql in Self.forbidden { _ = file.refusal(sql) }
        }
        let ledger = fixture.ledger
        #expect(try await ledger.findings() == [])
        #expect(try await ledger.call(GetBalance(userId: "ann")).available == 1000 - 10 - 20 - 30 - 50)
        let project = try await ledger.create(5, for: "ann")
        try await ledger.report(project.projectId, .failed)
        #expect(try await ledger.call(GetBalance(userId: "ann")).available == 1000 - 10 - 20 - 30 - 50)
        #expect(try await ledger.findings() == [])
        await ledger.close()
    }

    @Test(
        "a failure by hand refunds once, in every way of writing it, and the audit misses its event",
        arguments: ["UPDATE", "UPDATE OR REPLACE", "UPDATE OR IGNORE", "UPDATE OR FAIL", "UPDATE OR ROLLBACK"])
    func failsByHand(_ update: String) async throws {
        let fixture = try await LedgerFixture()
        let ledger = fixture.ledger
        try await ledger.offline { file in
            for row in [1, 2] { try file.execute("\(update) project SET \(Self.failed) WHERE row = \(row)") }
            for row in [1, 2] {
                _ = file.refusal("\(update) project SET \(Self.failed) WHERE row = \(row)")
                let refunds = try file.rows(
                    "SELECT credits FROM entry WHERE project = \(row) AND kind IN ('refund', 'capture')")
                #expect(refunds == [["\(row * 10)"]])
            }
        }
        #expect(try await ledger.call(GetBalance(userId: "ann")).available == 1000 - 30 - 50)
        #expect(try await ledger.call(GetBalance(userId: "ann")).held == 50)
        let explained = try await ledger.call(ExplainProject(projectId: fixture.projects[0]))
        #expect(explained.project.creditsRefunded == 10)
        #expect(try await ledger.findings() == ["history", "history"])
        await ledger.close()
    }

    @Test(
        "an account that was edited makes no failure whole or half, in any way of writing it",
        arguments: ["UPDATE", "UPDATE OR IGNORE", "UPDATE OR FAIL", "UPDATE OR REPLACE"])
    func editedAccount(_ update: String) async throws {
        let fixture = try await LedgerFixture()
        try await fixture.ledger.offline { file in
            try file.execute(
                "UPDATE account SET pendingCredits = pendingCredits - 60, available = available + 60 WHERE id = 1")
            let before = try file.dump()
            #expect(file.refusal("\(update) project SET \(Self.failed) WHERE row = 1")?.contains("holds") == true)
            #expect(try file.dump() == before)
        }
        await fixture.ledger.close()
    }

    @Test("a project made by hand is charged like any other, and the audit misses its event")
    func createdByHand() async throws {
        let fixture = try await LedgerFixture()
        let ledger = fixture.ledger
        try await ledger.offline { file in
            let now = ledger.now
            try file.execute(
                "INSERT \(Self.newProject)) VALUES (randomblob(16), 2, 50, \(now), \(now), \(now + 60_000))")
            #expect(file.refusal("INSERT \(Self.newProject)) VALUES (randomblob(16), 2, 1, 9, 9, 99)") != nil)
        }
        #expect(try await ledger.call(GetBalance(userId: "bob")) == Balance(userId: "bob", available: 0, held: 50))
        #expect(try await ledger.findings() == ["history"])
        await ledger.close()
    }

    @Test(
        "recursive triggers and foreign keys switched on refuse no less",
        arguments: ["PRAGMA recursive_triggers = ON", "PRAGMA foreign_keys = ON"])
    func withOtherSettings(_ pragma: String) async throws {
        let fixture = try await LedgerFixture()
        try await fixture.ledger.offline { file in
            try file.execute(pragma)
            let before = try file.dump()
            for sql in Self.forbidden { _ = file.refusal(sql) }
            #expect(try file.dump() == before)
        }
        await fixture.ledger.close()
    }
}
