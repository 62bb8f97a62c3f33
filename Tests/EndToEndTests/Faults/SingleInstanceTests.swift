import Foundation
import TestSupport
import Testing

@Suite("One daemon, one database, one socket")
struct SingleInstanceTests {
    private let folder: ScratchFolder

    init() throws { folder = try ScratchFolder() }

    @Test("a second daemon on the database exits 75 and leaves the first one as it is")
    func secondOnDatabase() throws {
        let first = try TestDaemon()
        let connection = try first.connect()
        _ = try connection.call("grantCredits", ["userId": "ada", "credits": 10, "reason": "r"])

        let second = try SpawnedDaemon(database: first.database, socket: folder.file("t"))
        let (code, sentence) = try second.refusal()
        #expect(code == 75)
        #expect(sentence.contains("pid \(first.pid)"))
        #expect(!FileManager.default.fileExists(atPath: folder.file("t")), "its own socket is removed")

        let granted = try connection.call("grantCredits", ["userId": "ada", "credits": 1, "reason": "r"])
        #expect(granted.int("balance.available") == 11)
        #expect(try first.call("audit").bool("ok") == true)
        #expect(first.stop() == 0)
    }

    @Test("a second daemon on the socket exits 73 and leaves the first one's socket alone")
    func secondOnSocket() throws {
        let first = try TestDaemon()
        let second = try SpawnedDaemon(database: folder.file("other.db"), socket: first.socket)
        let (code, sentence) = try second.refusal()
        #expect(code == 73)
        #expect(sentence.contains(first.socket))
        #expect(try first.call("getBalance", ["userId": "ada"]).int("available") == 0)
    }

    @Test("the socket that a killed daemon left is replaced, and removed at an orderly end")
    func staleSocket() throws {
        let daemon = try TestDaemon()
        daemon.kill()
        #expect(FileManager.default.fileExists(atPath: daemon.socket))
        try daemon.start()
        #expect(try daemon.call("getBalance", ["userId": "ada"]).int("available") == 0)
        #expect(daemon.stop() == 0)
        #expect(!FileManager.default.fileExists(atPath: daemon.socket))
    }

    @Test("a path that holds a file, a folder or a link is refused and stays as it was")
    func notASocket() throws {
        let file = folder.file("file")
        try Data("precious".utf8).write(to: URL(fileURLWithPath: file))
        try FileManager.default.createDirectory(atPath: folder.file("folder"), withIntermediateDirectories: false)
        try FileManager.default.createSymbolicLink(atPath: folder.file("link"), withDestinationPath: file)
        for name in ["file", "folder", "link"] {
            let (code, sentence) = try SpawnedDaemon(database: folder.file("l.db"), socket: folder.file(name)).refusal()
            #expect(code == 73)
            #expect(sentence.contains(folder.file(name)))
        }
        #expect(try String(contentsOfFile: file, encoding: .utf8) == "precious")
        #expect(try FileManager.default.destinationOfSymbolicLink(atPath: folder.file("link")) == file)
    }
}
