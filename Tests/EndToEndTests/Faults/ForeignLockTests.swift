import Foundation
import TestSupport
import Testing

@Suite("Another program at the database", .enabled(if: Machine.hasPython))
struct ForeignLockTests {
    @Test("a foreign lock makes writes fail with storageUnavailable, reads go on, and all is well when it has gone")
    func foreignWriter() throws {
        let daemon = try TestDaemon()
        let connection = try daemon.connect()
        _ = try connection.call("grantCredits", ["userId": "ada", "credits": 100, "reason": "r"])

        let foreigner = try Foreigner(daemon.database, ["BEGIN IMMEDIATE"])
        let create: [String: Any] = ["userId": "ada", "credits": 40, "idempotencyKey": "k"]
        let refused = try connection.call("createProject", create)
        #expect(refused.code == 1008)
        #expect(refused.kind == "storageUnavailable")
        #expect(refused.data?["retryable"] as? Bool == true)
        #expect(try connection.call("getBalance", ["userId": "ada"]).int("available") == 100)
        #expect(try daemon.call("listProjects", ["userId": "ada", "includeStats": true]).int("stats.total") == 0)
        foreigner.leave()

        let created = try connection.call("createProject", create)
        #expect(created.bool("replayed") == false)
        #expect(created.int("balance.available") == 60)
        #expect(try connection.call("audit").bool("ok") == true)
        #expect(daemon.stop() == 0)
    }

    @Test("a foreign reader does not hold up writes, and the WAL it kept is copied once it has gone")
    func foreignReader() throws {
        let daemon = try TestDaemon()
        let connection = try daemon.connect()
        _ = try connection.call("grantCredits", ["userId": "ada", "credits": 1_000_000, "reason": "r"])
        let foreigner = try Foreigner(daemon.database, ["BEGIN", "SELECT count(*) FROM project"])

        // Past the 16 MiB from which the daemon copies the WAL into the database.
        let metadata = ["note": String(repeating: "x", count: 16_000)]
        var created = 0
        while try size(daemon.database + "-wal") < 20 << 20 {
            // A few at a time: whoever sends and does not read is stopped by the sockets' buffers.
            for id in 0..<5 {
                let params: [String: Any] = ["userId": "ada", "credits": 1, "metadata": metadata]
                try connection.send(Connection.request("createProject", params, id: id))
            }
            for _ in 0..<5 where try connection.reply().result != nil { created += 1 }
        }
        let before = try size(daemon.database)
        #expect(before < 8 << 20, "the reader's snapshot keeps the database as it was")
        foreigner.leave()
        _ = try connection.call("createProject", ["userId": "ada", "credits": 1])
        try waitFor("the checkpoint") { try size(daemon.database) > before + created * 16_000 }

        let stats = try connection.call("listProjects", ["userId": "ada", "limit": 1, "includeStats": true])
        #expect(stats.int("stats.total") == created + 1)
        #expect(try connection.call("audit").bool("ok") == true)
        #expect(daemon.stop() == 0)
        #expect(try size(daemon.database + "-wal") == 0)
    }

    @Test("a daemon does not start while another program holds the lock, and says so")
    func lockedAtStart() throws {
        let daemon = try TestDaemon()
        _ = try daemon.call("grantCredits", ["userId": "ada", "credits": 100, "reason": "r"])
        daemon.kill()
        let foreigner = try Foreigner(daemon.database, ["BEGIN IMMEDIATE"])
        let (code, sentence) = try refusal(of: daemon, launch: true)
        #expect(code == 73 || code == 75)
        #expect(sentence.contains("in use"))
        foreigner.leave()
        try daemon.start()
        #expect(try daemon.call("getBalance", ["userId": "ada"]).int("available") == 100)
    }

    private func size(_ path: String) throws -> Int {
        try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int ?? 0
    }
}
