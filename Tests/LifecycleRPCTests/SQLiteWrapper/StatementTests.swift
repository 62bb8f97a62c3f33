import LifecycleCore
import TestSupport
import Testing

@testable import LifecycleSQLite

@Suite("Statement")
struct StatementTests {
    let folder: ScratchFolder
    let database: Database

    init() throws {
        folder = try ScratchFolder()
        database = try Database(path: folder.database, mode: .writer)
        try database.execute(
            """
            CREATE TABLE parent(id INTEGER PRIMARY KEY) STRICT;
            CREATE TABLE t(
                id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, amount INTEGER CHECK (amount >= 0),
                parent INTEGER REFERENCES parent) STRICT;
            CREATE TRIGGER frozen BEFORE UPDATE ON t BEGIN SELECT RAISE(ABORT, 'rows never change'); END;
            CREATE TABLE bytes(b BLOB) STRICT;
            """)
    }

    @Test(
        "a text comes back with the same bytes",
        arguments: [
            "", "a", "a\0b", "\0", "caf\u{e9}", "cafe\u{301}", "\u{1F469}\u{200D}\u{1F680}", "\u{FFFF}\u{10FFFF}",
            String(repeating: "long ", count: 10_000),
        ])
    func text(_ text: String) throws {
        let statement = try database.prepare("SELECT ?1, typeof(?1), length(CAST(?1 AS BLOB))")
        statement.bind(1, text)
        #expect(try statement.step())
        #expect(Array(statement.text(0).utf8) == Array(text.utf8))
        #expect(statement.optionalText(0).map { Array($0.utf8) } == Array(text.utf8))
        #expect(statement.text(1) == "text")
        #expect(statement.integer(2) == Int64(text.utf8.count))
    }

    @Test("texts that Swift calls equal are two rows")
    func notNormalised() throws {
        let insert = try database.prepare("INSERT INTO t(name) VALUES (?1)")
        for name in ["caf\u{e9}", "cafe\u{301}"] {
            insert.bind(1, name)
            try insert.run()
        }
        #expect(try database.integer("SELECT count(*) FROM t") == 2)
    }

    @Test("a blob comes back the same", arguments: [[], [0], [1, 0, 255], [UInt8](repeating: 7, count: 100_000)])
    func blob(_ blob: [UInt8]) throws {
        let statement = try database.prepare("SELECT ?1, typeof(?1)")
        blob.withUnsafeBytes { statement.bind(1, blob: $0) }
        #expect(try statement.step())
        #expect(statement.withBytes(0) { [UInt8]($0) } == blob)
        #expect(statement.text(1) == "blob")
    }

    @Test("an integer comes back the same", arguments: [0, 1, -1, 1 << 53, Int64.max, Int64.min])
    func integer(_ value: Int64) throws {
        let statement = try database.prepare("SELECT ?1")
        statement.bind(1, value)
        #expect(try statement.step())
        #expect(statement.integer(0) == value)
        #expect(statement.optionalInteger(0) == value)
    }

    @Test("a double comes back the same", arguments: [0, 0.1, -1e300, .infinity, 2.2250738585072014e-308])
    func double(_ value: Double) throws {
        let statement = try database.prepare("SELECT ?1")
        statement.bind(1, value)
        #expect(try statement.step())
        #expect(statement.double(0) == value)
        #expect(statement.optionalDouble(0) == value)
    }

    @Test("absent values are NULL, and empty ones are not")
    func null() throws {
        let statement = try database.prepare("SELECT ?1, ?2, ?3, ?4, ?5")
        statement.bind(1, nil as Int64?)
        statement.bind(2, nil as String?)
        statement.bind(3, nil as Double?)
        statement.bindNull(4)
        statement.bind(5, "" as String?)
        #expect(try statement.step())
        for column in 0..<4 as Range<Int32> {
            #expect(statement.isNull(column))
            #expect(statement.optionalInteger(column) == nil && statement.integer(column) == 0)
            #expect(statement.optionalDouble(column) == nil && statement.double(column) == 0)
            #expect(statement.optionalText(column) == nil && statement.text(column) == "")
            #expect(statement.withBytes(column) { $0.isEmpty })
        }
        #expect(!statement.isNull(4))
        #expect(statement.optionalText(4) == "")
    }

    @Test("a literal means the type that it looks like")
    func literals() throws {
        let statement = try database.prepare("SELECT typeof(?1), typeof(?2), typeof(?3)")
        statement.bind(1, 5)
        statement.bind(2, 2.5)
        statement.bind(3, "x")
        #expect(try statement.step())
        #expect([statement.text(0), statement.text(1), statement.text(2)] == ["integer", "real", "text"])
    }

    @Test("a reset statement runs again, without its old bindings")
    func reuse() throws {
        let statement = try database.prepare("SELECT ?1")
        statement.bind(1, 5)
        #expect(try statement.step())
        statement.reset()
        #expect(try statement.step())
        #expect(statement.isNull(0))
        #expect(try !statement.step())
    }

    @Test("a failed bind is thrown by the next step, and forgotten by a reset")
    func bindError() throws {
        let statement = try database.prepare("INSERT INTO bytes VALUES (?1)")
        statement.bind(2, "no such parameter")
        withUnsafeBytes(of: 1 as UInt8) { statement.bind(1, blob: $0) }
        let error = try #require(throws: StorageError.self) { try statement.run() }
        #expect(error.kind == .misuse)
        #expect(try database.integer("SELECT count(*) FROM bytes") == 0)
        withUnsafeBytes(of: 1 as UInt8) { statement.bind(1, blob: $0) }
        try statement.run()
        #expect(try database.integer("SELECT count(*) FROM bytes") == 1)
    }

    @Test(
        "a refused write is a constraint error with its extended code, and the connection goes on",
        arguments: [
            ("INSERT INTO t(name) VALUES ('taken')", 2067),  // UNIQUE
            ("INSERT INTO t(id, name) VALUES (1, 'x')", 1555),  // PRIMARY KEY
            ("INSERT INTO t(name) VALUES (NULL)", 1299),  // NOT NULL
            ("INSERT INTO t(name, amount) VALUES ('x', -1)", 275),  // CHECK
            ("INSERT INTO t(name, parent) VALUES ('x', 9)", 787),  // FOREIGN KEY
            ("UPDATE t SET name = 'x'", 1811),  // TRIGGER
            ("INSERT INTO t(name, amount) VALUES ('x', 'many')", 3091),  // DATATYPE
        ])
    func constraint(sql: String, code: Int32) throws {
        try database.execute("INSERT INTO t(id, name) VALUES (1, 'taken')")
        let statement = try database.prepare(sql)
        let error = try #require(throws: StorageError.self) { try statement.run() }
        #expect(error.kind == .constraint)
        #expect(error.code == code)
        #expect(!error.isFatal)
        #expect(try database.integer("SELECT count(*) FROM t") == 1)
    }

    @Test("a trigger's text is the error's message")
    func triggerMessage() throws {
        try database.execute("INSERT INTO t(name) VALUES ('x')")
        let error = try #require(throws: StorageError.self) { try database.execute("UPDATE t SET name = 'y'") }
        #expect(error.message == "rows never change")
    }

    @Test("a text that is no statement is misuse", arguments: ["", " ; ", "SELEC 1", "SELECT * FROM nothing"])
    func notAStatement(sql: String) throws {
        let error = try #require(throws: StorageError.self) { try database.prepare(sql) }
        #expect(error.kind == .misuse)
    }
}
