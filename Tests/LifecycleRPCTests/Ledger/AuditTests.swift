internal import LifecycleCore
internal import Testing

/// Each check of `audit.sql` finds what it is for, by the method and by the `sqlite3` command alike.
@Suite("Audit", .ledgers)
struct AuditTests {
    struct Tampering: Sendable, CustomTestStringConvertible {
        let what: String
        /// Dropped first: they would refuse it.
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
            found: ["balance"]),
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
            what: "a second refund", triggers: ["entryOnce"],
            sql: """
                DROP INDEX entryOutcome;
                INSERT INTO entry (account, project, kind, credits, at) VALUES (1, 4, 'refund', 40, 9)
                """,
            found: ["balance"]),
        Tampering(
            what: "a failed project called completed", triggers: ["projectVerdict", "projectCapture"],
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
            what: "a project that is gone", triggers: ["projectKept"], sql: "DELETE FROM project WHERE row = 5",
            found: ["reference", "totals"]),
        Tampering(
            what: "an account that is gone", triggers: ["accountKept"], sql: "DELETE FROM account WHERE id = 2",
            found: ["reference"]),
    ]

    @Test("names what was tampered with", arguments: tamperings)
    func finds(_ tampering: Tampering) async throws {
        let fixture = try await LedgerFixture()
        let ledger = fixture.ledger
        let byCommand = try await ledger.offline { file in
            for trigger in tampering.triggers { try file.execute("DROP TRIGGER \(trigger)") }
            try file.execute(tampering.sql)
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
        #expect(Set(named) == Self.tamperings.reduce(into: []) { $0.formUnion($1.found) })
    }
}
