internal import Foundation
internal import LifecycleCore
internal import TestSupport
internal import Testing

@testable internal import LifecycleRPC
@testable internal import LifecycleSQLite

/// Each column of each table is fixed by a trigger, derived and audited, or told to be free in docs/reliability.md.
@Suite("Every column is fixed, audited or said to be free", .ledgers)
struct ColumnTests {
    enum Kind: String, CaseIterable {
        case fixed, audited, free
    }

    struct Column: Sendable, CustomTestStringConvertible {
        let table: String
        let name: String
        let kind: Kind
        var testDescription: String { "\(table).\(name), \(kind)" }
    }

    /// What the document says: rows of a table that begin with the kind and name columns as `table.column`.
    static let columns: [Column] = {
        let root = (0..<4).reduce(URL(fileURLWithPath: #filePath)) { url, _ in url.deletingLastPathComponent() }
        let file = root.appendingPathComponent("docs/reliability.md")
        let lines = ((try? String(contentsOf: file, encoding: .utf8)) ?? "").split(separator: "\n")
        return Kind.allCases.flatMap { kind in
            lines.filter { $0.hasPrefix("| \(kind) |") }.flatMap { line in
                line.matches(of: /`([a-z]+)\.([A-Za-z]+)`/).map {
                    Column(table: String($0.output.1), name: String($0.output.2), kind: kind)
                }
            }
        }
    }()

    static let tables = ["account", "project", "entry", "event", "clock"]

    @Test("the document names every column once")
    func complete() async throws {
        let ledger = try LedgerHarness()
        let all = try await ledger.offline { file in
            let tables = try file.rows("SELECT name FROM sqlite_schema WHERE type = 'table'").map { $0[0] }
            #expect(tables.sorted() == Self.tables.sorted())
            return try tables.flatMap { table in
                try file.rows("SELECT name FROM pragma_table_xinfo('\(table)')").map { "\(table).\($0[0])" }
            }
        }
        #expect(Self.columns.map { "\($0.table).\($0.name)" }.sorted() == all.sorted())
        await ledger.close()
    }

    /// `LedgerFixture`'s rows, with a completed and a failed project before them whose history retention has removed.
    private func ledger() async throws -> LedgerHarness {
        let ledger = try LedgerHarness()
        try await ledger.grant(500, to: "ann")
        for status in [Status.completed, .failed] {
            var request = CreateProject(userId: "ann", credits: 5)
            request.name = "The fox"
            let project = try await ledger.call(request).project
            try await ledger.report(project.projectId, status)
        }
        try await ledger.grant(50, to: "bob")
        ledger.advance(seconds: 2 * 86_400)
        #expect(try await RetentionService.pass(ledger.store.writes, keepDays: 1).trimmed == 2)
        for number in 1...5 as ClosedRange<Int64> {
            var request = CreateProject(userId: "ann", credits: number * 10, idempotencyKey: "key\(number)")
            if number < 5 { request.externalId = "x\(number)" }
            request.metadata = try Metadata(json: #"{"number":\#(number)}"#)
            let project = try await ledger.call(request).project.projectId
            if number > 1, number < 5 { try await ledger.report(project, .processing) }
            if number == 2 { _ = try await ledger.call(Heartbeat(projectId: project, progress: 0.5, message: "on it")) }
            if number == 3 { try await ledger.report(project, .completed) }
            if number == 4 { try await ledger.report(project, .failed) }
        }
        return ledger
    }

    @Test("whatever is written to it by hand is refused, or found where it must be", arguments: columns)
    func byHand(_ column: Column) async throws {
        let ledger = try await ledger()
        try await ledger.offline { file in
            let key = try file.rows("SELECT name FROM pragma_table_info('\(column.table)') WHERE pk = 1")
            let names = [column.name] + (key == [[column.name]] ? ["rowid", "oid", "_rowid_"] : [])
            let trimmed = Set(try file.rows("SELECT row FROM project WHERE trimmedAt IS NOT NULL").map { $0[0] })
            let rows = try file.rows("SELECT rowid FROM \(column.table) ORDER BY rowid LIMIT 8").map { $0[0] }
            let before = try contents(of: file)
            for statement in try names.flatMap({ try statements(column, $0, rows, file) }) {
                try file.execute("BEGIN")
                let refusal = file.refusal(statement.sql)
                // What OR FAIL refuses may be half done.
                let isTried = refusal == nil || statement.sql.contains("OR FAIL")
                let after = isTried ? try contents(of: file) : before
                if after != before {
                    let isFound = try Schema.audit.contains { try !file.rows($0).isEmpty }
                    let isHistoryGone = column.table == "project" && trimmed.contains(statement.row)
                    switch column.kind {
                    // With NULL for its number, a copy of a row is a new one.
                    case .fixed where Set(after).isSuperset(of: before.filter { !$0.hasPrefix("account|") }):
                        #expect(isFound, "a row that nobody wrote is not found: \(statement.sql)")
                    case .fixed: Issue.record("not refused: \(statement.sql)")
                    // Without a history there is nothing to derive it from.
                    case .audited: #expect(isFound || isHistoryGone, "neither refused nor found: \(statement.sql)")
                    case .free: #expect(!isFound, "is free, and found: \(statement.sql)")
                    }
                }
                _ = file.refusal("ROLLBACK")
            }
            #expect(try contents(of: file) == before)
        }
        #expect(try await ledger.findings() == [])
        await ledger.close()
    }

    /// The ledger, and what is known of the clock.
    private func contents(of file: RawDatabase) throws -> [String] {
        try file.dump() + file.rows("SELECT * FROM clock").map { "clock|" + $0.joined(separator: "|") }
    }

    private func statements(
        _ column: Column, _ name: String, _ rows: [String], _ file: RawDatabase
    ) throws -> [(row: String, sql: String)] {
        let table = column.table
        let values = [
            "NULL", "0", "1", "2", "9223372036854775807", "-1", "0.5", "''", "'x'", "'processing'", "x'00'",
            "\(name) + 1", "\(name) || 'x'", "(SELECT max(o.\(name)) FROM \(table) AS o)",
        ]
        let all = try file.rows("SELECT name FROM pragma_table_info('\(table)')").map { $0[0] }
        let list = all.joined(separator: ", ")
        return rows.flatMap { row in
            values.flatMap { value in
                let updates = ["", " OR REPLACE", " OR IGNORE", " OR FAIL", " OR ROLLBACK"].map {
                    "UPDATE\($0) \(table) SET \(name) = \(value) WHERE rowid = \(row)"
                }
                let changed = all.map { $0 == column.name ? value : $0 }.joined(separator: ", ")
                let inserts = ["INSERT OR REPLACE", "INSERT OR IGNORE", "INSERT OR FAIL", "REPLACE"].map {
                    "\($0) INTO \(table) (\(list)) SELECT \(changed) FROM \(table) WHERE rowid = \(row)"
                }
                let upsert = """
                    INSERT INTO \(table) (\(list)) SELECT \(list) FROM \(table) WHERE rowid = \(row)
                    ON CONFLICT DO UPDATE SET \(name) = \(value)
                    """
                return (updates + inserts + [upsert]).map { (row, $0) }
            }
        }
    }
}
