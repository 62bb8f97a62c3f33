import Foundation
import LifecycleCore
import TestSupport
import Testing

@testable import LifecycleRPC
@testable import LifecycleSQLite

@Suite("Full disk", .enabled(if: SmallDisk.isAvailable, "needs root and mount"))
struct DiskFullTests {
    private func fill(_ database: Database) throws -> StorageError {
        let insert = try database.prepare("INSERT INTO t VALUES (randomblob(3000))")
        return try #require(throws: StorageError.self) {
            for _ in 1...100_000 { try insert.run() }
        }
    }

    @Test("a full disk refuses the write, and the same connection goes on when space returns")
    func recovers() throws {
        let disk = try SmallDisk(.memory, megabytes: 1)
        let database = disk.file("ledger.db")
        let writer = try Database(path: database, mode: .writer)
        try writer.execute("CREATE TABLE t(b BLOB) STRICT")
        let error = try fill(writer)
        #expect(error.kind == .full)
        #expect(!error.isFatal)
        #expect(!writer.isInTransaction)
        let before = try #require(try writer.integer("SELECT count(*) FROM t"))
        #expect(before > 0)

        try disk.resize(megabytes: 4)
        try writer.execute("INSERT INTO t VALUES (x'00')")
        #expect(try writer.integer("SELECT count(*) FROM t") == before + 1)
        #expect(try writer.text("PRAGMA integrity_check") == "ok")
        try writer.checkpoint(.truncate)
        #expect(try writer.integer("SELECT count(*) FROM t") == before + 1)
    }

    @Test("the ballast gives room for more writes on a full disk, and is not taken back while there is none")
    func ballast() throws {
        let disk = try SmallDisk(.memory, megabytes: 26)
        let database = disk.file("ledger.db")
        let writer = try Database(path: database, mode: .writer)
        try writer.execute("CREATE TABLE t(b BLOB) STRICT")
        let ballast = try Ballast(databasePath: database)
        #expect(try ballast.create())
        #expect(try fill(writer).kind == .full)

        #expect(ballast.release())
        #expect(!ballast.isHeld)
        for _ in 1...20 { try writer.execute("INSERT INTO t VALUES (randomblob(3000))") }
        #expect(try !ballast.create())
        #expect(!ballast.isHeld)
        #expect(!FileManager.default.fileExists(atPath: database + ".ballast"))

        try disk.resize(megabytes: 64)
        #expect(try ballast.create())
        #expect(ballast.isHeld)
    }
}

@Suite("Ballast")
struct BallastTests {
    @Test("it holds real blocks, for its owner alone, until it is released")
    func blocks() throws {
        let folder = try ScratchFolder()
        let path = folder.database + ".ballast"
        let ballast = try Ballast(databasePath: folder.database)
        #expect(!ballast.isHeld && !ballast.release())
        for _ in 1...2 { #expect(try ballast.create()) }
        #expect(ballast.isHeld)
        var status = stat()
        #expect(lstat(path, &status) == 0)
        #expect(status.st_size == Ballast.size && status.st_blocks * 512 >= Ballast.size)
        #expect(try folder.mode(path) == 0o600)
        #expect(ballast.release())
        #expect(!folder.exists(path) && !ballast.isHeld)
    }

    @Test("one left by an earlier process is taken over")
    func takenOver() throws {
        let folder = try ScratchFolder()
        #expect(try Ballast(databasePath: folder.database).create())
        #expect(try Ballast(databasePath: folder.database).create())
    }

    @Test("a symbolic link in its place is an error")
    func link() throws {
        let folder = try ScratchFolder()
        try folder.link(folder.database + ".ballast", to: folder.path + "/other")
        #expect(throws: StorageError.self) { try Ballast(databasePath: folder.database).create() }
        #expect(!folder.exists(folder.path + "/other"))
    }
}
