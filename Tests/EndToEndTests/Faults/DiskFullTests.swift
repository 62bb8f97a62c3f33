import Foundation
import TestSupport
import Testing

@Suite("A full disk", .enabled(if: SmallDisk.isAvailable))
struct DiskFullTests {
    private let disk: SmallDisk
    private let folder: ScratchFolder
    private var database: String { disk.file("l.db") }

    init() throws {
        disk = try SmallDisk(.memory, megabytes: 64)
        folder = try ScratchFolder()
    }

    private func daemon(_ arguments: [String] = []) throws -> SpawnedDaemon {
        try SpawnedDaemon(database: database, socket: folder.file("s"), arguments).waitUntilServing()
    }

    /// Projects of 10 credits each, for a user with as many as are needed and 100 more.
    private func createProjects(_ count: Int, _ connection: Connection) throws -> [String] {
        _ = try connection.call("grantCredits", ["userId": "ada", "credits": count * 10 + 100, "reason": "r"])
        for id in 0..<count {
            try connection.send(Connection.request("createProject", ["userId": "ada", "credits": 10], id: id))
        }
        return try (0..<count).map { _ in try #require(try connection.reply().string("project.projectId")) }
    }

    private func expectFull(_ reply: Reply) {
        #expect(reply.code == 1007)
        #expect(reply.kind == "storageFull")
        #expect(reply.data?["retryable"] as? Bool == true)
    }

    @Test("creates and grants are refused, refunds and reads go on, and all is as before once there is space")
    func fullWhileRunning() throws {
        let daemon = try daemon()
        let connection = try daemon.connect()
        let projects = try createProjects(200, connection)
        try disk.fill()

        let create: [String: Any] = ["userId": "ada", "credits": 5, "idempotencyKey": "k"]
        // The WAL may have a little room left.
        var filling = 0
        try waitFor("a create to be refused") {
            let reply = try connection.call("createProject", ["userId": "ada", "credits": 0])
            if reply.kind != nil { expectFull(reply) } else { filling += 1 }
            return reply.kind != nil
        }
        expectFull(try connection.call("createProject", create))
        expectFull(try connection.call("grantCredits", ["userId": "ada", "credits": 5, "reason": "r"]))

        for (index, id) in projects.enumerated() {
            let status = index % 4 == 0 ? "completed" : "failed"
            let reply = try connection.call("updateStatus", ["projectId": id, "status": status])
            #expect(reply.bool("changed") == true, "\(reply.line)")
            if index % 50 == 0 { expectFull(try connection.call("createProject", create)) }
        }
        let expected = 100 + 150 * 10
        #expect(try connection.call("getBalance", ["userId": "ada"]).int("available") == expected)
        #expect(try connection.call("audit").bool("ok") == true)
        let stats = try connection.call("listProjects", ["userId": "ada", "limit": 1, "includeStats": true])
        #expect(stats.int("stats.byStatus.failed") == 150)
        #expect(stats.int("stats.byStatus.completed") == 50)

        disk.free()
        let created = try connection.call("createProject", create)
        #expect(created.bool("replayed") == false, "nothing was left of the refused ones")
        #expect(created.int("balance.available") == expected - 5)
        #expect(FileManager.default.fileExists(atPath: database + ".ballast"), "ready for the next time")
        #expect(daemon.stop() == 0)

        let again = try self.daemon()
        #expect(try again.call("getBalance", ["userId": "ada"]).int("available") == expected - 5)
        #expect(
            try again.call("listProjects", ["userId": "ada", "limit": 1, "includeStats": true]).int("stats.total")
                == 200 + filling + 1)
        #expect(try again.call("audit").bool("ok") == true)
    }

    @Test("a ledger that fills the disk itself refuses creates and still refunds")
    func filledByItself() throws {
        let daemon = try daemon()
        let connection = try daemon.connect()
        var projects = try createProjects(100, connection)
        _ = try connection.call("grantCredits", ["userId": "ada", "credits": 100_000, "reason": "r"])
        try disk.fill(leaving: 6)
        let metadata = ["note": String(repeating: "x", count: 10_000)]
        var refusals = 0
        var lateSuccesses = 0
        while refusals == 0 {
            for id in 0..<5 {
                let params: [String: Any] = ["userId": "ada", "credits": 1, "metadata": metadata]
                try connection.send(Connection.request("createProject", params, id: id))
            }
            for _ in 0..<5 {
                let reply = try connection.reply()
                if let id = reply.string("project.projectId") {
                    projects.append(id)
                    lateSuccesses += refusals > 0 ? 1 : 0
                } else {
                    expectFull(reply)
                    refusals += 1
                }
            }
        }
        #expect(lateSuccesses == 0, "no create may pass one that was refused before it")
        let total = try connection.call("listProjects", ["userId": "ada", "includeStats": true]).int("stats.total")
        #expect(total == projects.count)
        try fail(projects, connection)
        let balance = try connection.call("getBalance", ["userId": "ada"])
        #expect(balance.int("held") == 0)
        #expect(try connection.call("audit").bool("ok") == true)
        #expect(daemon.stop() == 0)
    }

    /// Each one by itself, and each one must be refunded.
    private func fail(_ projects: [String], _ connection: Connection) throws {
        var refused: [String] = []
        for id in projects {
            let reply = try connection.call("updateStatus", ["projectId": id, "status": "failed"])
            if reply.bool("changed") != true { refused.append(reply.line) }
        }
        #expect(refused.isEmpty, "\(refused.count) of \(projects.count), the first: \(refused.first ?? "")")
    }

    @Test("on a disk that was full before, a daemon starts, reads and refunds", arguments: [false, true])
    func fullAtStart(afterKill: Bool) throws {
        let first = try daemon()
        let projects = try createProjects(100, try first.connect())
        if afterKill { first.child.kill() } else { #expect(first.stop() == 0) }
        try disk.fill()

        let second = try daemon()
        let connection = try second.connect()
        #expect(try connection.call("getBalance", ["userId": "ada"]).int("available") == 100)
        try fail(projects, connection)
        #expect(try connection.call("getBalance", ["userId": "ada"]).int("available") == 1100)
        disk.free()
        #expect(try connection.call("createProject", ["userId": "ada", "credits": 1]).int("balance.available") == 1099)
        #expect(try connection.call("audit").bool("ok") == true)
        #expect(second.stop() == 0)
    }

    @Test("a project that fell due is refunded at the start on a full disk")
    func dueOnFullDisk() throws {
        let first = try daemon()
        _ = try first.call("grantCredits", ["userId": "ada", "credits": 100, "reason": "r"])
        for _ in 0..<50 { _ = try first.call("createProject", ["userId": "ada", "credits": 2, "startTimeout": 1]) }
        let last = Date()
        first.child.kill()
        try disk.fill()
        try waitFor("the start timeout") { Date().timeIntervalSince(last) > 1.1 }
        let second = try daemon()
        #expect(try second.call("getBalance", ["userId": "ada"]).int("available") == 100)
        #expect(try second.call("audit").bool("ok") == true)
    }

    @Test("a new ledger is not begun on a full disk, and is once there is space")
    func newOnFullDisk() throws {
        try disk.fill()
        let (code, sentence) = try SpawnedDaemon(database: database, socket: folder.file("s")).refusal()
        #expect(code == 73)
        #expect(sentence.contains("full") || sentence.contains("No space"), "\(sentence)")
        disk.free()
        let daemon = try daemon()
        #expect(
            try daemon.call("grantCredits", ["userId": "ada", "credits": 1, "reason": "r"]).int("balance.available")
                == 1)
    }
}
