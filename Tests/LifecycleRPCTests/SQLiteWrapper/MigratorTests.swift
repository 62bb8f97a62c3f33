import LifecycleCore
import TestSupport
import Testing

@testable import LifecycleSQLite

@Suite("Migrations")
struct MigratorTests {
    let folder: ScratchFolder
    let writer: Database
    let migrations = [
        (version: 1, sql: "CREATE TABLE a(x)"),
        (version: 2, sql: "CREATE TABLE b(x); CREATE TABLE c(x)"),
    ]

    init() throws {
        folder = try ScratchFolder()
        writer = try Database(path: folder.database, mode: .writer)
    }

    @Test("a new database gets all of them, an old one the missing ones, a current one nothing")
    func run() throws {
        #expect(try Migrator.run(Array(migrations.prefix(1)), on: writer) == (0, 1))
        #expect(try Migrator.run(migrations, on: writer) == (1, 2))
        let frames = writer.walFrames
        #expect(try Migrator.run(migrations, on: writer) == (2, 2))
        #expect(writer.walFrames == frames)
        #expect(try writer.integer("SELECT count(*) FROM sqlite_schema") == 3)
        #expect(try writer.integer("PRAGMA user_version") == 2)
    }

    @Test("one that fails undoes all of them")
    func failure() throws {
        let broken = migrations + [(version: 3, sql: "CREATE TABLE d(x); CREATE TABLE a(x)")]
        #expect(throws: StorageError.self) { try Migrator.run(broken, on: writer) }
        #expect(!writer.isInTransaction)
        #expect(try writer.integer("SELECT count(*) FROM sqlite_schema") == 0)
        #expect(try writer.integer("PRAGMA user_version") == 0)
        #expect(try Migrator.run(migrations, on: writer) == (0, 2))
    }

    @Test("a newer database is refused, and no byte of it changes")
    func newer() throws {
        try Migrator.run([(3, "CREATE TABLE future(x)")], on: writer)
        try writer.checkpoint(.truncate)
        try writer.close()
        let bytes = try folder.read(folder.database)

        let older = try Database(path: folder.database, mode: .writer)
        let error = try #require(throws: StorageError.self) { try Migrator.run(migrations, on: older) }
        #expect(error.kind == .newerSchema)
        try older.close()
        #expect(try folder.read(folder.database) == bytes)
        #expect(try folder.read(folder.writeAheadLog).isEmpty)
    }

    @Test("versions must rise from 1", arguments: [[], [0], [2, 1], [1, 1]])
    func numbering(versions: [Int]) throws {
        let error = try #require(throws: StorageError.self) {
            try Migrator.run(versions.map { ($0, "SELECT 1") }, on: writer)
        }
        #expect(error.kind == .misuse)
    }
}
