internal import CSQLite
internal import Foundation
internal import TestSupport

/// The file as anybody with the `sqlite3` command sees it: no foreign keys, none of the daemon's settings.
final class RawDatabase {
    private var handle: OpaquePointer?

    struct Refusal: Error, CustomStringConvertible {
        let code: Int32
        let description: String
    }

    init(_ path: String) throws {
        let code = sqlite3_open_v2(path, &handle, SQLITE_OPEN_READWRITE, nil)
        guard code == SQLITE_OK else { throw Refusal(code: code, description: String(cString: sqlite3_errstr(code))) }
        // What the library's default may be switched to, and the command does not switch back.
        try execute("PRAGMA foreign_keys = OFF")
    }

    deinit { close() }

    func close() {
        sqlite3_close_v2(handle)
        handle = nil
    }

    func execute(_ sql: String) throws {
        let code = sqlite3_exec(handle, sql, nil, nil, nil)
        guard code == SQLITE_OK else { throw Refusal(code: code, description: String(cString: sqlite3_errmsg(handle))) }
    }

    /// Why SQLite refuses a statement, or nil when it runs.
    func refusal(_ sql: String) -> String? {
        do {
            try execute(sql)
            return nil
        } catch {
            return "\(error)"
        }
    }

    /// All rows, each value as the `sqlite3` command shows it.
    func rows(_ sql: String) throws -> [[String]] {
        var statement: OpaquePointer?
        let code = sqlite3_prepare_v2(handle, sql, -1, &statement, nil)
        defer { sqlite3_finalize(statement) }
        guard code == SQLITE_OK else { throw Refusal(code: code, description: String(cString: sqlite3_errmsg(handle))) }
        var rows: [[String]] = []
        while sqlite3_step(statement) == SQLITE_ROW {
            rows.append(
                (0..<sqlite3_column_count(statement)).map { column in
                    guard let start = sqlite3_column_blob(statement, column) else { return "" }
                    let count = Int(sqlite3_column_bytes(statement, column))
                    return String(decoding: UnsafeRawBufferPointer(start: start, count: count), as: UTF8.self)
                })
        }
        return rows
    }

    /// Without some triggers while `body` runs; the schema is as it was when it returns.
    func without(_ triggers: [String], _ body: () throws -> Void) throws {
        let texts = try triggers.map { name in
            guard let row = try rows("SELECT sql FROM sqlite_schema WHERE name = '\(name)'").first else {
                throw TestFailure("there is no trigger \(name)")
            }
            return row[0]
        }
        for name in triggers { try execute("DROP TRIGGER \(name)") }
        try body()
        for text in texts { try execute(text) }
    }

    /// Everything in the ledger's tables, to see that nothing has changed.
    func dump() throws -> [String] {
        try ["account", "project", "entry", "event"].flatMap { table in
            try rows("SELECT * FROM \(table) ORDER BY rowid").map { "\(table)|" + $0.joined(separator: "|") }
        }
    }
}

/// The `sqlite3` command, given a script on its standard input.
func sqlite3Command(_ path: String, script: String) throws -> (status: Int32, output: String) {
    let (code, output, errors) = try ChildProcess.run(
        "sqlite3", ["-batch", "-readonly", path], environment: ChildProcess.inheritedEnvironment, input: script)
    return (code, output + errors)
}

/// `audit.sql` as it stands in the sources.
func auditScript() throws -> String {
    let root = (0..<4).reduce(URL(fileURLWithPath: #filePath)) { url, _ in url.deletingLastPathComponent() }
    return try String(
        contentsOf: root.appendingPathComponent("Sources/SQLite/Schema/audit.sql"), encoding: .utf8)
}
