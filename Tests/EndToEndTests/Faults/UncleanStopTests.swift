import Foundation
import TestSupport
import Testing

@Suite("After an unclean stop")
struct UncleanStopTests {
    @Test("the next start says that it checks, serves meanwhile, and says that all is well")
    func checks() throws {
        let daemon = try TestDaemon()
        _ = try daemon.call("grantCredits", ["userId": "ada", "credits": 100, "reason": "r"])
        #expect(!daemon.log.contains("did not end in order"))
        daemon.kill()
        try daemon.start()
        #expect(try daemon.call("getBalance", ["userId": "ada"]).int("available") == 100)
        try waitFor("the check") { daemon.log.contains("the database is in order") }
        #expect(daemon.log.contains("did not end in order"))
        #expect(daemon.stop() == 0)

        // And after an orderly one there is nothing to check.
        let before = daemon.log.utf8.count
        try daemon.start()
        _ = try daemon.call("getBalance", ["userId": "ada"])
        #expect(daemon.stop() == 0)
        #expect(!String(decoding: daemon.log.utf8.dropFirst(before), as: UTF8.self).contains("did not end in order"))
    }

    @Test("a page that was damaged meanwhile is found by the check, which stops the daemon with 74")
    func damage() throws {
        let daemon = try TestDaemon()
        let connection = try daemon.connect()
        _ = try connection.call("grantCredits", ["userId": "ada", "credits": 100, "reason": "r"])
        for number in 0..<20 {
            _ = try connection.call(
                "createProject", ["userId": "ada", "credits": 1, "externalId": "external-id-\(number)"])
        }
        #expect(daemon.stop() == 0)
        try daemon.start()
        // Leaves a WAL, in which the page is not.
        _ = try daemon.call("grantCredits", ["userId": "ada", "credits": 1, "reason": "r"])
        daemon.kill()
        try damageIndex(in: daemon.database, holding: "external-id-7")

        let (code, sentence) = try refusal(of: daemon, launch: true)
        #expect(code == 74)
        #expect(sentence.contains("check after an unclean stop") || sentence.contains("damaged"), "\(sentence)")
        #expect(daemon.log.contains("critical"))
    }

    @Test("money that was made behind the daemon's back is found by the check", .enabled(if: Machine.hasPython))
    func forgery() throws {
        let daemon = try TestDaemon()
        _ = try daemon.call("grantCredits", ["userId": "ada", "credits": 100, "reason": "r"])
        daemon.kill()
        let script = """
            import os, sqlite3, sys
            c = sqlite3.connect(sys.argv[1], isolation_level=None)
            c.execute("UPDATE account SET available = available + 1, granted = granted + 1")
            os.kill(os.getpid(), 9)
            """
        #expect(try ChildProcess.run("python3", ["-c", script, daemon.database]).code == -SIGKILL)
        let (code, sentence) = try refusal(of: daemon, launch: true)
        #expect(code == 74)
        #expect(sentence.contains("balance ada"), "\(sentence)")
    }

    /// Overwrites the page of an index, which is the last page that holds the text: the table was there first.
    private func damageIndex(in path: String, holding text: String) throws {
        var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        let pageSize = Int(bytes[16]) << 8 | Int(bytes[17])
        let indexLeaf: UInt8 = 0x0A
        let page = try #require(
            stride(from: pageSize, to: bytes.count, by: pageSize).first { start in
                bytes[start] == indexLeaf && bytes[start..<start + pageSize].range(of: Data(text.utf8)) != nil
            })
        var random = SeededRandom(seed: 7)
        for index in page..<page + pageSize { bytes[index] = UInt8.random(in: 0...255, using: &random) }
        try overwrite(path, with: bytes)
    }

    /// In place, as a bad disk would.
    private func overwrite(_ path: String, with bytes: Data) throws {
        let handle = try FileHandle(forUpdating: URL(fileURLWithPath: path))
        defer { try? handle.close() }
        try handle.write(contentsOf: bytes)
    }
}
