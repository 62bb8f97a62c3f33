internal import LifecycleCore
internal import Testing

/// Each check of `audit.sql` finds what it is for, by the method and by the `sqlite3` command alike.
@Suite("Audit", .ledgers)
struct AuditTests {
    struct Tampering: Sendable, CustomTestStringConvertible {
        let what: String
        /// Dropped for as long as it is done: they would refuse it.
        let triggers: [String]
        let sql: String
        let found: Set<String>
        var testDescription: String { what }
    }

    static let tamperings = [
        Tampering(
            what: "credits given without an entry", triggers: [],
            sql: "UPDATE account SET available = available + 7, granted = granted + 7 WHERE id = 1", found: ["balance"]),
        Tampering(
            what: "a grant of another amount", triggers: ["entryFixed"],
            sql: "UPDATE entry SET credits = 2000 WHERE id = 1", found: ["balance"]),
        Tampering(
            what: "a grant that is gone", triggers: ["entryKept"], sql: "DELETE FROM entry WHERE id = 1",
            found: ["balance", "history"]),
        Tampering(
            what: "credits that are accounted for twice", triggers: [],
            sql: "PRAGMA ignore_check_constraints = ON; UPDATE account SET completedCredits = 31 WHERE id = 1",
            found: ["conservation", "totals"]),
        Tampering(
            what: "an account below zero", triggers: [],
            sql: """
                PRAGMA ignore_check_constraints = ON; UPDATE account SET available = -1, granted = granted - 891 WHERE id = 1
                """,
            found: ["conservation", "balance"]),
        Tampering(
            what: "held credits called available", triggers: [],
            sql: """
                UPDATE account SET pendingCredits = pendingCredits - 10, available = available + 10, pending = pending - 1
                WHERE id = 1
                """,
            found: ["totals", "balance"]),
        Tampering(
            what: "a count that is wrong", triggers: [], sql: "UPDATE account SET failed = failed + 1 WHERE id = 2",
            found: ["totals"]),
        Tampering(
            what: "a duration that is wrong", triggers: [], sql: "UPDATE account SET completedTime = 1 WHERE id = 1",
            found: ["totals"]),
        Tampering(
            what: "a project that costs less than was charged", triggers: ["projectFixed"],
            sql: "UPDATE project SET credits = 1 WHERE row = 1", found: ["charge", "totals"]),
        Tampering(
            what: "a project without its charge", triggers: ["entryKept"],
            sql: "DELETE FROM entry WHERE project = 1 AND kind = 'charge'", found: ["charge", "balance"]),
        Tampering(
            what: "a charge to somebody else", triggers: ["entryFixed"],
            sql: "UPDATE entry SET account = 2 WHERE project = 1 AND kind = 'charge'", found: ["charge", "balance"]),
        Tampering(
            what: "a failed project without its refund", triggers: ["entryKept"],
            sql: "DELETE FROM entry WHERE project = 4 AND kind = 'refund'", found: ["outcome", "balance"]),
        Tampering(
            what: "a completed project without its capture", triggers: ["entryKept"],
            sql: "DELETE FROM entry WHERE project = 3 AND kind = 'capture'", found: ["outcome"]),
        Tampering(
            what: "a refund of an unfinished project", triggers: ["entryAgrees"],
            sql: "INSERT INTO entry (account, project, kind, credits, at) VALUES (1, 1, 'refund', 10, 9)",
            found: ["outcome", "balance"]),
        Tampering(
            what: "a refund of too much", triggers: ["entryFixed"],
            sql: "UPDATE entry SET credits = 400 WHERE project = 4 AND kind = 'refund'", found: ["outcome", "balance"]),
        Tampering(
            what: "a failed project called completed",
            triggers: ["projectVerdict", "projectBack", "projectHeld", "projectSteps", "projectCapture"],
            sql: """
                UPDATE project SET status = 'completed', errorCode = NULL, errorMessage = NULL, startedAt = 1 WHERE row = 4
                """,
            found: ["outcome", "totals", "history"]),
        Tampering(
            what: "a history without the creation", triggers: ["eventKept"],
            sql: "DELETE FROM event WHERE project = 1", found: ["history"]),
        Tampering(
            what: "a history without the verdict", triggers: ["eventKept"],
            sql: "DELETE FROM event WHERE project = 4 AND kind = 'failed'", found: ["history"]),
        Tampering(
            what: "a project created at another time", triggers: ["projectFixed"],
            sql: "UPDATE project SET createdAt = createdAt + 1 WHERE row = 1", found: ["history"]),
        Tampering(
            what: "a project started at another time", triggers: ["projectSteps"],
            sql: "UPDATE project SET startedAt = 7 WHERE row = 2", found: ["history"]),
        Tampering(
            what: "a verdict at another time", triggers: ["projectVerdict"],
            sql: "UPDATE project SET finishedAt = finishedAt + 1 WHERE row = 4", found: ["history"]),
        Tampering(
            what: "an externalId that nobody recorded", triggers: [],
            sql: "UPDATE project SET externalId = 'x5' WHERE row = 5", found: ["history"]),
        Tampering(
            what: "a request to cancel that nobody made", triggers: [],
            sql: "UPDATE project SET cancelRequested = 1 WHERE row = 2", found: ["history"]),
        Tampering(
            what: "a report that nobody made", triggers: [],
            sql: "UPDATE project SET refusedReports = refusedReports + 1 WHERE row = 4", found: ["history"]),
        Tampering(
            what: "an event that never was", triggers: [],
            sql: """
                INSERT INTO event (kind, account, project, at, uid, gid, pid) VALUES ('reportRefused', 1, 4, 9, 0, 0, 0)
                """,
            found: ["history"]),
        Tampering(
            what: "a grant that nobody made", triggers: [],
            sql: "INSERT INTO entry (account, kind, credits, at, reason) VALUES (2, 'grant', 5, 9, 'x')",
            found: ["history"]),
        Tampering(
            what: "a history that is called removed", triggers: [],
            sql: """
                UPDATE project SET trimmedAt = finishedAt + 86400001, errorMessage = 'removed by retention' WHERE row = 4
                """,
            found: ["history"]),
        Tampering(
            what: "a deadline that never comes", triggers: ["projectEnds"],
            sql: "UPDATE project SET deadline = 9223372036854775807 WHERE row = 1", found: ["terms"]),
        Tampering(
            what: "a deadline far off, with a time of change to suit it", triggers: [],
            sql: "UPDATE project SET updatedAt = 99000000000000, deadline = 99000000000000 WHERE row = 1",
            found: ["terms"]),
        Tampering(
            what: "a runtime that never ends", triggers: ["projectEnds"],
            sql: "UPDATE project SET runtimeEnd = 9223372036854775807 WHERE row = 1", found: ["terms"]),
        Tampering(
            what: "a pause that nobody asked for, with a later deadline", triggers: [],
            sql: "UPDATE project SET pausedTime = 86400000, deadline = deadline + 86400000 WHERE row = 2",
            found: ["history"]),
        Tampering(
            what: "a pause of a day that took nothing", triggers: [],
            sql: """
                INSERT INTO event (kind, account, project, at, uid, gid, pid, detail)
                VALUES ('paused', 1, 2, 9, 0, 0, 0, '86400 seconds')
                """,
            found: ["history"]),
        Tampering(
            what: "a pause that nobody asked for", triggers: [],
            sql: "UPDATE project SET pausedUntil = deadline WHERE row = 2", found: ["history"]),
        Tampering(
            what: "a pause that nobody ended, and no pause", triggers: [],
            sql: """
                INSERT INTO event (kind, account, project, at, uid, gid, pid, detail)
                VALUES ('paused', 1, 2, 9, 0, 0, 0, '60 seconds');
                UPDATE project SET pausedTime = 60000 WHERE row = 2;
                """,
            found: ["history"]),
        Tampering(
            what: "a pause that is longer than it was asked for", triggers: [],
            sql: """
                INSERT INTO event (kind, account, project, at, uid, gid, pid, detail)
                VALUES ('paused', 1, 2, (SELECT updatedAt FROM project WHERE row = 2), 0, 0, 0, '60 seconds');
                UPDATE project SET pausedTime = 60000, pausedUntil = updatedAt + 60001 WHERE row = 2;
                """,
            found: ["history"]),
        Tampering(
            what: "metadata of two lines", triggers: ["projectFixed"],
            sql: "UPDATE project SET metadata = '{' || char(10) || '}' WHERE row = 1", found: ["metadata"]),
        Tampering(
            what: "metadata that is no object", triggers: ["projectFixed"],
            sql: "UPDATE project SET metadata = '[]' WHERE row = 1", found: ["metadata"]),
        Tampering(
            what: "an index that does not have what its table has", triggers: [], sql: tornIndex, found: ["damage"]),
        Tampering(
            what: "a project that is gone", triggers: ["projectKept"], sql: "DELETE FROM project WHERE row = 5",
            found: ["reference", "totals"]),
        Tampering(
            what: "an account that is gone", triggers: ["accountKept"], sql: "DELETE FROM account WHERE id = 2",
            found: ["reference"]),
    ]

    /// A project that is in its table and not in the index of keys: the index is put aside while it is written.
    static let tornIndex = """
        PRAGMA writable_schema = ON;
        CREATE TEMP TABLE aside AS SELECT * FROM sqlite_schema WHERE name = 'projectByKey';
        DELETE FROM sqlite_schema WHERE name = 'projectByKey';
        PRAGMA writable_schema = RESET;
        INSERT INTO project (id, account, credits, createdAt, updatedAt, deadline, idempotencyKey)
            SELECT randomblob(16), 2, 1, createdAt, createdAt, deadline, 'torn' FROM project WHERE row = 5;
        INSERT INTO event (kind, account, project, at, uid, gid, pid)
            SELECT 'created', 2, row, createdAt, 0, 0, 0 FROM project WHERE idempotencyKey = 'torn';
        PRAGMA writable_schema = ON;
        INSERT INTO sqlite_schema SELECT * FROM aside;
        PRAGMA writable_schema = RESET
        """

    @Test("names what was tampered with", arguments: tamperings)
    func finds(_ tampering: Tampering) async throws {
        let fixture = try await LedgerFixture()
        let ledger = fixture.ledger
        let byCommand = try await ledger.offline { file in
            try file.without(tampering.triggers) { try file.execute(tampering.sql) }
            return try sqlite3Command(ledger.folder.database, script: try auditScript())
        }
        let audit = try await ledger.call(Audit())
        #expect(!audit.ok)
        #expect(Set(audit.findings.map(\.check)) == tampering.found)
        let lines = audit.findings.map { "\($0.check)|\($0.subject)|\($0.detail)\n" }
        #expect(byCommand.output == lines.joined())
        #expect(byCommand.status == 0)
        await ledger.close()
    }

    @Test("the command prints nothing for a clean ledger, and the method says ok")
    func clean() async throws {
        let fixture = try await LedgerFixture()
        let ledger = fixture.ledger
        let byCommand = try await ledger.offline { _ in
            try sqlite3Command(ledger.folder.database, script: try auditScript())
        }
        #expect(byCommand.output == "")
        #expect(byCommand.status == 0)
        let audit = try await ledger.call(Audit())
        #expect(audit.ok)
        #expect(audit.findings.isEmpty)
        // 2 accounts, 5 projects; 2 grants, 5 charges, a capture and a refund.
        #expect(audit.checked == 16)
        await ledger.close()
    }

    @Test("a ledger without anything in it is clean")
    func empty() async throws {
        let ledger = try LedgerHarness()
        let audit = try await ledger.call(Audit())
        #expect(audit.ok)
        #expect(audit.checked == 0)
        await ledger.close()
    }

    @Test("every check is seen to find something")
    func checksAreCovered() throws {
        let named = try auditScript().matches(of: /SELECT '([a-z]+)' AS "check"/).map { String($0.output.1) }
        let found: Set<String> = Self.tamperings.reduce(into: []) { $0.formUnion($1.found) }
        #expect(Set(named) == found.union(["schema"]), "what \"schema\" finds is seen in SchemaTests")
    }
}
