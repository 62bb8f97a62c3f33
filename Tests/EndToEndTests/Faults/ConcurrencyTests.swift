import Foundation
import TestSupport
import Testing

@Suite("Many callers at once")
struct ConcurrencyTests {
    private func connect(_ count: Int, to daemon: TestDaemon) throws -> [Connection] {
        try (0..<count).map { _ in try daemon.connect() }
    }

    @Test("50 creates with one key over 50 connections make one project and charge once")
    func oneKey() throws {
        let daemon = try TestDaemon()
        _ = try daemon.call("grantCredits", ["userId": "ada", "credits": 1000, "reason": "r"])
        let connections = try connect(50, to: daemon)
        let request = try Connection.request(
            "createProject", ["userId": "ada", "credits": 40, "idempotencyKey": "k"], id: 1)
        try inThreads(50) { try connections[$0].send(request) }
        let replies = try connections.map { try $0.reply() }
        #expect(Set(replies.compactMap { $0.string("project.projectId") }).count == 1)
        #expect(replies.filter { $0.bool("replayed") == false }.count == 1)
        #expect(replies.filter { $0.bool("replayed") == true }.count == 49)
        #expect(replies.allSatisfy { $0.int("balance.available") == 960 })
        #expect(try daemon.call("listProjects", ["userId": "ada", "includeStats": true]).int("stats.total") == 1)
        #expect(try daemon.call("audit").bool("ok") == true)
    }

    @Test("100 reports of one failure over 100 connections refund once")
    func oneRefund() throws {
        let daemon = try TestDaemon()
        let connections = try connect(100, to: daemon)
        _ = try connections[0].call("grantCredits", ["userId": "ada", "credits": 100, "reason": "r"])
        let id = try #require(
            try connections[0].call("createProject", ["userId": "ada", "credits": 70]).string("project.projectId"))
        let request = try Connection.request("updateStatus", ["projectId": id, "status": "failed"], id: 1)
        try inThreads(100) { try connections[$0].send(request) }
        let replies = try connections.map { try $0.reply() }
        #expect(replies.filter { $0.bool("changed") == true }.count == 1)
        #expect(replies.filter { $0.bool("changed") == false }.count == 99)
        #expect(replies.allSatisfy { $0.int("creditsRefunded") == 70 && $0.int("balance.available") == 100 })
        let entries = try daemon.call("listEntries", ["userId": "ada"])["entries"] as? [[String: Any]]
        #expect(entries?.filter { $0["kind"] as? String == "refund" }.count == 1)
        #expect(try daemon.call("audit").bool("ok") == true)
    }

    @Test("of failed and completed one wins, and no reader sees a failed project without its refund")
    func race() throws {
        let daemon = try TestDaemon()
        let rounds = 200
        let credits = 7
        let total = rounds * credits
        _ = try daemon.call("grantCredits", ["userId": "ada", "credits": total, "reason": "r"])
        let connections = try connect(2, to: daemon)
        let current = Box("")
        let isOver = Box(false)
        let seen = Box<Set<String>>([])
        let readers = Thread {
            try? inThreads(2) { _ in
                let connection = try daemon.connect()
                while !isOver.value {
                    do { try Self.look(connection, current.value, total, seen) } catch { Issue.record(error) }
                }
            }
            isOver.change { $0 = false }
        }
        readers.start()

        var winners: [String: Int] = [:]
        for round in 0..<rounds {
            let created = try connections[0].call("createProject", ["userId": "ada", "credits": credits])
            let id = try #require(created.string("project.projectId"))
            current.change { $0 = id }
            let reports = round % 2 == 0 ? ["failed", "completed"] : ["completed", "failed"]
            for (connection, status) in zip(connections, reports) {
                try connection.send(Connection.request("updateStatus", ["projectId": id, "status": status], id: 1))
            }
            let replies = try connections.map { try $0.reply() }
            let winner = try #require(replies.firstIndex { $0.bool("changed") == true })
            let loser = replies[1 - winner]
            #expect(loser.kind == "terminalState")
            #expect(loser.data?["status"] as? String == reports[winner])
            #expect(loser.data?["creditsRefunded"] as? Int == (reports[winner] == "failed" ? credits : 0))
            winners[reports[winner], default: 0] += 1
        }
        isOver.change { $0 = true }
        try waitFor("the readers to end") { !isOver.value }

        #expect(!seen.value.isDisjoint(with: ["completed", "failed"]), "the readers looked at verdicts")
        let refunded = (winners["failed"] ?? 0) * credits
        #expect(
            try daemon.call("getBalance", ["userId": "ada"]).int("available") == total - rounds * credits + refunded)
        #expect(try daemon.call("audit").bool("ok") == true)
    }

    /// One look at the project of the current round and at the whole ledger.
    private static func look(
        _ connection: Connection, _ id: String, _ granted: Int, _ seen: Box<Set<String>>
    ) throws {
        guard !id.isEmpty else { return }
        let explained = try connection.call("explainProject", ["projectId": id])
        let status = try #require(explained.string("project.status"))
        let used = try #require(explained.int("project.creditsUsed"))
        let entries = (explained["entries"] as? [[String: Any]] ?? []).compactMap { $0["kind"] as? String }
        seen.change { _ = $0.insert(status) }
        let outcome = ["completed": ["charge", "capture"], "failed": ["charge", "refund"]][status] ?? ["charge"]
        #expect(entries == outcome)
        #expect(explained.int("project.creditsRefunded") == (status == "failed" ? used : 0))

        let stats = try connection.call("listProjects", ["userId": "ada", "limit": 1, "includeStats": true])
        let sums = ["creditsCaptured", "creditsHeld", "creditsRefunded"].compactMap { stats.int("stats.\($0)") }
        #expect(stats.int("stats.creditsUsed") == sums.reduce(0, +))
        let balance = try connection.call("getBalance", ["userId": "ada"])
        let available = try #require(balance.int("available"))
        let held = try #require(balance.int("held"))
        #expect(available >= 0 && held >= 0 && available + held <= granted)
    }
}
