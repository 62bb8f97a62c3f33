import LifecycleCore
import TestSupport
import Testing

@testable import LifecycleRPC
@testable import LifecycleSQLite

@Suite("File identity")
struct FileIdentityTests {
    let folder: ScratchFolder
    let writer: Database
    let identity: FileIdentity

    init() throws {
        folder = try ScratchFolder()
        writer = try Database(path: folder.database, mode: .writer)
        try writer.execute("CREATE TABLE t(x)")
        identity = try FileIdentity(databasePath: folder.database)
    }

    @Test("commits, checkpoints and readers change nothing")
    func unchanged() throws {
        try identity.verify()
        do {
            let reader = try Database(path: folder.database, mode: .reader)
            #expect(try reader.integer("SELECT count(*) FROM t") == 0)
        }
        try writer.execute("INSERT INTO t VALUES (1)")
        try writer.checkpoint(.truncate)
        try identity.verify()
        try writer.execute("INSERT INTO t VALUES (1)")
        try identity.verify()
    }

    @Test("a deleted file is noticed", arguments: ["", "-wal"])
    func deleted(suffix: String) throws {
        try folder.remove(folder.database + suffix)
        try expectMoved(folder.database + suffix)
    }

    @Test("a file replaced by one with the same bytes is noticed", arguments: ["", "-wal"])
    func replaced(suffix: String) throws {
        let path = folder.database + suffix
        let bytes = try folder.read(path)
        try folder.move(path, to: path + ".old")
        try folder.write(bytes, to: path)
        try expectMoved(path)
    }

    @Test("a file moved away behind a link is noticed")
    func linked() throws {
        try folder.move(folder.database, to: folder.path + "/elsewhere.db")
        try folder.link(folder.database, to: folder.path + "/elsewhere.db")
        try expectMoved(folder.database)
    }

    @Test("a vanished folder is noticed")
    func folderGone() throws {
        try folder.move(folder.path, to: folder.path + ".old")
        defer { try? folder.move(folder.path + ".old", to: folder.path) }
        try expectMoved(folder.database)
    }

    private func expectMoved(_ path: String) throws {
        let error = try #require(throws: StorageError.self) { try identity.verify() }
        #expect(error.kind == .moved)
        #expect(error.isFatal)
        #expect(error.message.contains(path))
    }
}
