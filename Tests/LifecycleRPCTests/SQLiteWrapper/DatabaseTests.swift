import LifecycleCore
import TestSupport
import Testing

@testable import LifecycleSQLite

@Suite("Database")
struct DatabaseTests {
    let folder: ScratchFolder
    let writer: Database

    init() throws {
        folder = try ScratchFolder()
        writer = try Database(path: folder.database, mode: .writer)
    }

    @Test(
        "the writer's settings are in force",
        arguments: [
            ("synchronous", 2), ("foreign_keys", 1), ("trusted_schema", 0), ("cell_size_check", 1), ("temp_store", 2),
            ("wal_autocheckpoint", 0), ("busy_timeout", 250), ("cache_size", -16384), ("query_only", 0),
            ("journal_size_limit", 64 << 20), ("application_id", 0x4C63_5270),
        ] as [(String, Int64)])
    func writerSettings(name: String, value: Int64) throws {
        #expect(try writer.integer("PRAGMA \(name)") == value)
        #expect(try writer.text("PRAGMA journal_mode") == "wal")
    }

    @Test(
        "the reader's settings are in force",
        arguments: [
            ("foreign_keys", 1), ("trusted_schema", 0), ("query_only", 1), ("temp_store", 2), ("wal_autocheckpoint", 0),
            ("busy_timeout", 250), ("cache_size", -16384),
        ] as [(String, Int64)])
    func readerSettings(name: String, value: Int64) throws {
        let reader = try Database(path: folder.database, mode: .reader)
        #expect(try reader.integer("PRAGMA \(name)") == value)
    }

    @Test(
        "the schema cannot be edited and extensions cannot be loaded",
        arguments: [
            "CREATE TABLE t(x); PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = 'x'",
            "SELECT load_extension('x')",
            "SELECT \"no such column\"",
        ])
    func defensive(sql: String) throws {
        let error = try #require(throws: StorageError.self) { try writer.execute(sql) }
        #expect(error.kind == .misuse)
        #expect(error.isFatal)
    }

    @Test("the schema can be changed in the defensive mode")
    func schemaChange() throws {
        try writer.execute("CREATE TABLE t(x INTEGER) STRICT; ALTER TABLE t ADD COLUMN y TEXT; DROP TABLE t")
        #expect(try writer.integer("SELECT count(*) FROM sqlite_schema") == 0)
    }

    @Test("all files are the owner's alone", arguments: ["", "-wal", "-shm"])
    func fileModes(suffix: String) throws {
        #expect(try folder.mode(folder.database + suffix) == 0o600)
    }

    @Test("a reader cannot write")
    func readerCannotWrite() throws {
        try writer.execute("CREATE TABLE t(x INTEGER) STRICT")
        let reader = try Database(path: folder.database, mode: .reader)
        let error = try #require(throws: StorageError.self) { try reader.execute("INSERT INTO t VALUES (1)") }
        #expect(error.kind == .readOnly)
        try reader.execute("PRAGMA query_only = OFF")
        let second = try #require(throws: StorageError.self) { try reader.execute("INSERT INTO t VALUES (1)") }
        #expect(second.kind == .readOnly)
    }

    @Test("a reader never checkpoints")
    func readerCannotCheckpoint() throws {
        let reader = try Database(path: folder.database, mode: .reader)
        let error = try #require(throws: StorageError.self) { try reader.checkpoint(.passive) }
        #expect(error.kind == .misuse)
    }

    @Test("a reader needs an existing database")
    func readerNeedsFile() throws {
        let error = try #require(throws: StorageError.self) {
            try Database(path: folder.path + "/none.db", mode: .reader)
        }
        #expect(error.kind == .cannotOpen)
        #expect(!folder.exists(folder.path + "/none.db"))
    }

    @Test("a path that looks like a URI is a file name")
    func uriName() throws {
        let path = folder.path + "/file:x.db?mode=memory"
        let database = try Database(path: path, mode: .writer)
        try database.execute("CREATE TABLE t(x)")
        #expect(folder.exists(path))
    }

    @Test("a symbolic link is not followed to a database")
    func symbolicLink() throws {
        try folder.link(folder.path + "/link.db", to: folder.database)
        let error = try #require(throws: StorageError.self) {
            try Database(path: folder.path + "/link.db", mode: .writer)
        }
        #expect(error.kind == .cannotOpen)
    }

    @Test("a link in the folder's part of the path is resolved")
    func linkedFolder() throws {
        let link = folder.path + "/link"
        try folder.link(link, to: folder.path)
        #expect(try Database(path: link + "/ledger.db", mode: .reader).path == folder.database)
    }

    @Test("a file that is no database is refused as corrupt, and stays as it is")
    func notADatabase() throws {
        let path = folder.path + "/letter.txt"
        let bytes = [UInt8](repeating: 0x41, count: 5000)
        try folder.write(bytes, to: path)
        let error = try #require(throws: StorageError.self) { try Database(path: path, mode: .writer) }
        #expect(error.kind == .corrupt)
        #expect(try folder.read(path) == bytes)
    }

    @Test("another program's database is refused, and stays as it is")
    func foreignDatabase() throws {
        let path = folder.path + "/foreign.db"
        try writer.execute("PRAGMA application_id = 7; CREATE TABLE t(x); VACUUM INTO '\(path)'")
        let bytes = try folder.read(path)
        let error = try #require(throws: StorageError.self) { try Database(path: path, mode: .writer) }
        #expect(error.kind == .cannotOpen)
        #expect(error.message.contains("not a lifecycle-rpc database"))
        #expect(try folder.read(path) == bytes)
    }

    @Test("a backup opens as a database")
    func backup() throws {
        let path = folder.path + "/backup.db"
        try writer.execute("CREATE TABLE t(x); INSERT INTO t VALUES (7); VACUUM INTO '\(path)'")
        let restored = try Database(path: path, mode: .writer)
        #expect(try restored.integer("SELECT x FROM t") == 7)
        #expect(try restored.text("PRAGMA journal_mode") == "wal")
    }

    @Test("a writer that holds the lock makes another one busy after the time-out")
    func busy() throws {
        try writer.execute("CREATE TABLE t(x)")
        let other = try Database(path: folder.database, mode: .writer)
        try writer.execute("BEGIN IMMEDIATE")
        let start = ContinuousClock.now
        let error = try #require(throws: StorageError.self) { try other.execute("BEGIN IMMEDIATE") }
        #expect(error.kind == .busy)
        #expect(!error.isFatal)
        #expect(ContinuousClock.now - start >= .milliseconds(240))
        try writer.execute("ROLLBACK")
        try other.execute("BEGIN IMMEDIATE; ROLLBACK")
    }

    @Test("state after writes is told")
    func state() throws {
        try writer.execute("CREATE TABLE t(x); BEGIN; INSERT INTO t VALUES (1), (2)")
        #expect(writer.changes == 2)
        #expect(writer.lastInsertedRow == 2)
        #expect(writer.isInTransaction)
        try writer.execute("ROLLBACK")
        #expect(!writer.isInTransaction)
    }

    @Test("nothing works after closing, and nothing crashes")
    func closed() throws {
        let statement = try writer.prepare("SELECT 1")
        #expect(try statement.step())
        try writer.close()
        try writer.close()
        statement.bind(1, "x")
        let error = try #require(throws: StorageError.self) { try statement.step() }
        #expect(error.kind == .misuse)
        statement.reset()
        #expect(statement.integer(0) == 0)
        #expect(statement.text(0) == "")
        #expect(throws: StorageError.self) { try writer.execute("SELECT 1") }
        #expect(throws: StorageError.self) { try writer.prepare("SELECT 1") }
        #expect(throws: StorageError.self) { try writer.checkpoint(.passive) }
        #expect(writer.changes == 0 && writer.lastInsertedRow == 0 && !writer.isInTransaction)
    }

    @Test("a statement outlives the last other use of its database")
    func lifetime() throws {
        var database: Database? = try Database(path: folder.path + "/other.db", mode: .writer)
        let statement = try #require(try database?.prepare("SELECT 42"))
        database = nil
        #expect(try statement.step())
        #expect(statement.integer(0) == 42)
    }
}
