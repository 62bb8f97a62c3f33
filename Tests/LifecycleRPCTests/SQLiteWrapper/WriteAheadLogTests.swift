import Foundation
import LifecycleCore
import TestSupport
import Testing

@testable import LifecycleRPC
@testable import LifecycleSQLite

@Suite("Write-ahead log at start")
struct WriteAheadLogTests {
    let folder: ScratchFolder

    init() throws { folder = try ScratchFolder() }

    @Test("a missing or empty one means a clean stop", arguments: [true, false])
    func clean(isMissing: Bool) throws {
        if !isMissing { try folder.write([], to: folder.writeAheadLog) }
        #expect(try !WriteAheadLog.rewrite(folder.writeAheadLog))
        #expect(folder.exists(folder.writeAheadLog) == !isMissing)
    }

    @Test("rewriting keeps every byte, of any length", arguments: [1, 4095, 1 << 20, (1 << 20) + 1, (3 << 20) + 12345])
    func keepsBytes(count: Int) throws {
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
        try folder.write(bytes, to: folder.writeAheadLog)
        #expect(try WriteAheadLog.rewrite(folder.writeAheadLog))
        #expect(try folder.read(folder.writeAheadLog) == bytes)
    }

    @Test("every block is really written: none of a file made of holes stays a hole")
    func writesEveryBlock() throws {
        let size = (3 << 20) + 12345
        try folder.write([1], to: folder.writeAheadLog)
        #expect(truncate(folder.writeAheadLog, size) == 0)
        #expect(try WriteAheadLog.rewrite(folder.writeAheadLog))
        var status = stat()
        #expect(lstat(folder.writeAheadLog, &status) == 0)
        #expect(status.st_size == size && status.st_blocks * 512 >= size)
    }

    @Test("a link or a folder in its place is refused", arguments: [true, false])
    func notAFile(isLink: Bool) throws {
        if isLink {
            try folder.write([1], to: folder.path + "/other")
            try folder.link(folder.writeAheadLog, to: folder.path + "/other")
        } else {
            #expect(mkdir(folder.writeAheadLog, 0o700) == 0)
        }
        let error = try #require(throws: StorageError.self) { try WriteAheadLog.rewrite(folder.writeAheadLog) }
        #expect(error.kind == .cannotOpen)
    }

    @Test("commits that were only in the WAL are there after a rewrite, and a clean stop leaves nothing to rewrite")
    func wholeStart() throws {
        do {
            let writer = try Database(path: folder.database, mode: .writer)
            try writer.execute("CREATE TABLE t(x); INSERT INTO t VALUES (1), (2)")
        }
        do {
            let state = try StateDirectory(databasePath: folder.database)
            #expect(try state.rewriteWriteAheadLog())
            let writer = try Database(path: state.databasePath, mode: .writer)
            #expect(try writer.integer("SELECT count(*) FROM t") == 2)
            try writer.checkpoint(.truncate)
            try writer.close()
        }
        #expect(try !StateDirectory(databasePath: folder.database).rewriteWriteAheadLog())
    }
}
