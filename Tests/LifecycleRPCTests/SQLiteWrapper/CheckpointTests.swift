import LifecycleCore
import TestSupport
import Testing

@testable import LifecycleSQLite

@Suite("Checkpoint")
struct CheckpointTests {
    let folder: ScratchFolder
    let writer: Database

    init() throws {
        folder = try ScratchFolder()
        writer = try Database(path: folder.database, mode: .writer)
        try writer.execute("CREATE TABLE t(x INTEGER) STRICT")
        for number in 1...20 { try writer.execute("INSERT INTO t VALUES (\(number))") }
    }

    @Test("the WAL grows with commits, is never checkpointed by itself, and falls to nothing by a checkpoint")
    func grows() throws {
        let before = writer.walFrames
        for _ in 1...2000 { try writer.execute("INSERT INTO t VALUES (1)") }
        #expect(writer.walFrames >= before + 2000)

        let passive = try writer.checkpoint(.passive)
        #expect(passive.logFrames >= before + 2000 && passive.checkpointed == passive.logFrames)
        #expect(writer.walFrames == 0)
        #expect(try !folder.read(folder.writeAheadLog).isEmpty)

        try writer.execute("INSERT INTO t VALUES (1)")
        #expect(writer.walFrames == 1)
        let truncated = try writer.checkpoint(.truncate)
        #expect(truncated.logFrames == 0 && truncated.checkpointed == 0)
        #expect(try folder.read(folder.writeAheadLog).isEmpty)
        #expect(try writer.integer("SELECT count(*) FROM t") == 2021)
    }

    @Test("a rolled back write leaves the count alone")
    func rollback() throws {
        let before = writer.walFrames
        try writer.execute("BEGIN; INSERT INTO t VALUES (1); ROLLBACK")
        #expect(writer.walFrames == before)
    }

    @Test("a reader in the middle of reading makes a truncating checkpoint busy, and a passive one partial")
    func readerInTheWay() throws {
        let reader = try Database(path: folder.database, mode: .reader)
        let reading = try reader.prepare("SELECT x FROM t")
        #expect(try reading.step())
        try writer.execute("INSERT INTO t VALUES (1)")

        let partial = try writer.checkpoint(.passive)
        #expect(partial.checkpointed < partial.logFrames)
        #expect(writer.walFrames == partial.logFrames)
        let error = try #require(throws: StorageError.self) { try writer.checkpoint(.truncate) }
        #expect(error.kind == .busy)

        reading.reset()
        #expect(try writer.checkpoint(.truncate).logFrames == 0)
    }

    @Test("closing does not checkpoint; a checkpoint before it empties the WAL", arguments: [false, true])
    func closing(checkpoints: Bool) throws {
        if checkpoints { try writer.checkpoint(.truncate) }
        try writer.close()
        #expect(try folder.read(folder.writeAheadLog).isEmpty == checkpoints)
        let again = try Database(path: folder.database, mode: .writer)
        #expect(try again.integer("SELECT count(*) FROM t") == 20)
    }
}
