import Foundation
import TestSupport
import Testing

@Suite("A kill -9 in the middle of expiries", .enabled(if: Machine.hasPython))
struct KilledExpiryTests {
    private static let count = 3000

    @Test("leaves some refunded and some not; the next daemon refunds the rest, and nobody twice")
    func killed() throws {
        let daemon = try TestDaemon()
        _ = try daemon.call("grantCredits", ["userId": "ada", "credits": 100 * Self.count, "reason": "r"])
        var created = 0
        var refunded = 0
        // The kill is a matter of luck.
        for _ in 0..<20 {
            let logged = daemon.log.utf8.count
            try create(daemon)
            created += Self.count
            try waitFor("the first refunds") { try isFailing(daemon, after: logged) }
            daemon.kill()
            refunded = try refundsOnDisk(daemon)
            try daemon.start()
            // The last ones may have been created a moment ago.
            try waitFor("all to be refunded") {
                let list = try daemon.call("listProjects", ["userId": "ada", "limit": 1, "includeStats": true])
                return list.int("stats.byStatus.failed") == created
            }
            #expect(try daemon.call("getBalance", ["userId": "ada"]).int("available") == 100 * Self.count)
            #expect(try daemon.call("audit").bool("ok") == true)
            if refunded > created - Self.count, refunded < created { break }
        }
        #expect(refunded > created - Self.count && refunded < created, "no kill came in the middle")
        #expect(daemon.stop() == 0)
    }

    /// All due within a few seconds.
    private func create(_ daemon: TestDaemon) throws {
        let connection = try daemon.connect()
        let params: [String: Any] = ["userId": "ada", "credits": 1, "startTimeout": 2]
        let lines = try (0..<Self.count).map { try Connection.request("createProject", params, id: $0) }
        let sending = BackgroundSend(Array(lines.joined().utf8), to: connection)
        for _ in 0..<Self.count { #expect(try connection.reply().string("project.projectId") != nil) }
        try sending.wait()
    }

    /// Once the daemon's log tells of one; it is written after the commit.
    private func isFailing(_ daemon: TestDaemon, after logged: Int) throws -> Bool {
        String(decoding: daemon.log.utf8.dropFirst(logged), as: UTF8.self).contains("startTimeout")
    }

    /// In a copy of what the kill left, as looking at the database itself would change it.
    private func refundsOnDisk(_ daemon: TestDaemon) throws -> Int {
        let folder = try ScratchFolder()
        for ending in ["", "-wal"] {
            try FileManager.default.copyItem(atPath: daemon.database + ending, toPath: folder.file("l.db" + ending))
        }
        let script =
            "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); "
            + "print(c.execute(\"SELECT count(*) FROM entry WHERE kind = 'refund'\").fetchone()[0])"
        let run = try ChildProcess.run("python3", ["-c", script, folder.file("l.db")])
        guard let count = Int(run.output.trimmingCharacters(in: .whitespacesAndNewlines)) else {
            throw TestFailure("\(run)")
        }
        return count
    }
}
