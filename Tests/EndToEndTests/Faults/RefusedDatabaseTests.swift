import Foundation
import TestSupport
import Testing

@Suite("Databases that must not be touched")
struct RefusedDatabaseTests {
    private let folder: ScratchFolder
    private var database: String { folder.file("l.db") }

    init() throws { folder = try ScratchFolder() }

    /// A ledger with something in it, cleanly closed.
    private func makeLedger() throws -> Data {
        let daemon = try SpawnedDaemon(database: database, socket: folder.file("s")).waitUntilServing()
        _ = try daemon.call("grantCredits", ["userId": "ada", "credits": 10, "reason": "r"])
        #expect(daemon.stop() == 0)
        return try Data(contentsOf: URL(fileURLWithPath: database))
    }

    private func expectRefused(_ bytes: Data, _ word: String) throws {
        try bytes.write(to: URL(fileURLWithPath: database))
        chmod(database, 0o600)
        let (code, sentence) = try SpawnedDaemon(database: database, socket: folder.file("s")).refusal()
        #expect(code == 73)
        #expect(sentence.contains(word), "\(sentence)")
        #expect(sentence.contains(database), "\(sentence)")
        #expect(try Data(contentsOf: URL(fileURLWithPath: database)) == bytes, "not a byte may change")
        #expect(!FileManager.default.fileExists(atPath: folder.file("s")))
    }

    @Test("a newer schema is refused")
    func newerSchema() throws {
        var bytes = try makeLedger()
        bytes[63] = 99  // PRAGMA user_version, big-endian, at 60 of the header
        try expectRefused(bytes, "schema 99")
    }

    @Test("another program's SQLite database is refused")
    func foreignDatabase() throws {
        var bytes = try makeLedger()
        bytes.replaceSubrange(68..<72, with: [0, 0, 0, 0])  // PRAGMA application_id
        try expectRefused(bytes, "not a lifecycle-rpc database")
    }

    @Test("a text file is refused")
    func text() throws {
        try expectRefused(Data(String(repeating: "These are my notes.\n", count: 500).utf8), "no SQLite database")
    }

    @Test("garbage is refused")
    func garbage() throws {
        var random = SeededRandom(seed: 4)
        let bytes = Data((0..<20_000).map { _ in UInt8.random(in: 0...255, using: &random) })
        try expectRefused(bytes, "no SQLite database")
    }

    @Test("a file that was cut off is refused", arguments: [100, 5000])
    func truncated(to size: Int) throws {
        try expectRefused(makeLedger().prefix(size), "damaged")
    }

    @Test("an emptied file is refused: it is a lost ledger, not a new one")
    func emptied() throws {
        _ = try makeLedger()
        try expectRefused(Data(), "is gone")
    }

    @Test("a folder, a link and a file that others may write to are refused")
    func unsafe() throws {
        let target = folder.file("target.db")
        try Data().write(to: URL(fileURLWithPath: target))
        try FileManager.default.createSymbolicLink(atPath: database, withDestinationPath: target)
        var refusal = try SpawnedDaemon(database: database, socket: folder.file("s")).refusal()
        #expect(refusal.code == 73)
        #expect(refusal.sentence.contains("symbolic link"))
        #expect(try Data(contentsOf: URL(fileURLWithPath: target)).isEmpty)

        chmod(target, 0o666)
        refusal = try SpawnedDaemon(database: target, socket: folder.file("s")).refusal()
        #expect(refusal.code == 73)
        #expect(refusal.sentence.contains("chmod 0600"))

        refusal = try SpawnedDaemon(database: folder.path, socket: folder.file("s")).refusal()
        #expect(refusal.code == 73)
    }

    @Test("in the folder for everybody's temporary files, the advice is a folder of its own and no chmod")
    func temporaryFolder() throws {
        var status = stat()
        try #require(stat("/tmp", &status) == 0 && status.st_mode & S_ISVTX != 0)
        let refusal = try SpawnedDaemon(database: "/tmp/lifecycle-\(getpid()).db", socket: folder.file("s")).refusal()
        #expect(refusal.code == 73)
        #expect(refusal.sentence.hasSuffix(": use a folder of its own: mkdir -m 700 /tmp/lifecycle"), "\(refusal)")
        #expect(!refusal.sentence.contains("chmod") && !refusal.sentence.contains("chown"))
    }

    @Test("a file with a second name is refused, so that nobody else uses it by that; one that a restore keeps is not")
    func hardLink() throws {
        let bytes = try makeLedger()
        let other = folder.file("other.db")
        #expect(link(database, other) == 0)
        for name in [database, other] {
            let refusal = try SpawnedDaemon(database: name, socket: folder.file("s")).refusal()
            #expect(refusal.code == 73)
            #expect(refusal.sentence.contains("hard link"), "\(refusal.sentence)")
        }
        #expect(try Data(contentsOf: URL(fileURLWithPath: database)) == bytes)
        #expect(rename(other, database + ".before-restore-20261124T000000Z") == 0)
        let daemon = try SpawnedDaemon(database: database, socket: folder.file("s")).waitUntilServing()
        #expect(daemon.stop() == 0)
    }
}
