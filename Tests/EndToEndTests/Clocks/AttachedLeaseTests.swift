import Foundation
import TestSupport
import Testing

@Suite("An attached lease ends with the process that holds it", .enabled(if: Machine.hasPython))
struct AttachedLeaseTests {
    /// The lease alone would last a minute.
    private func daemon(grace: Int = 1, lease: Int = 60) throws -> TestDaemon {
        try TestDaemon(["--lease", "\(lease)", "--detach-grace", "\(grace)", "--max-connections-per-user", "512"])
    }

    /// The holder's end is known to the daemon: the deadline is nearer than it was.
    private func waitForDetachment(_ daemon: TestDaemon, _ id: String, from deadline: String?) throws {
        try waitFor("the daemon to see the end") {
            let now = try daemon.deadline(id)
            return now == nil || now ?? "" < deadline ?? ""
        }
    }

    @Test("by a kill -9", arguments: [SIGKILL, SIGSEGV])
    func killed(_ signal: Int32) throws {
        let daemon = try daemon()
        let id = try daemon.begin(1)[0]
        let holder = try LeaseHolder(daemon.socket, [[id]])
        let start = ContinuousClock.now
        holder.child.send(signal)
        try daemon.waitForEnd(of: id, "crashed")
        #expect(ContinuousClock.now - start >= .milliseconds(990), "it has its grace")
        let explained = try daemon.call("explainProject", ["projectId": id])
        let events = try #require(explained["events"] as? [[String: Any]])
        #expect(events.compactMap { $0["kind"] as? String } == ["created", "processing", "failed"])
        #expect(events.last?["pid"] as? Int == Int(daemon.pid))
        #expect(try daemon.call("getBalance", ["userId": "ada"]).int("available") == 1)
        #expect(daemon.stop() == 0)
    }

    @Test("by _exit(0), which runs no hook")
    func exited() throws {
        let daemon = try daemon()
        let id = try daemon.begin(1)[0]
        let holder = try LeaseHolder(daemon.socket, [[id]])
        holder.tell("exit")
        try daemon.waitForEnd(of: id, "crashed")
        #expect(holder.child.exitCode() == 0)
    }

    @Test("one that is stopped is still attached: the lease decides")
    func stopped() throws {
        let daemon = try daemon(lease: 3)
        let id = try daemon.begin(1)[0]
        let holder = try LeaseHolder(daemon.socket, [[id]])
        holder.child.send(SIGSTOP)
        try daemon.waitForEnd(of: id, "leaseExpired")
        // Its death tells nothing new.
        holder.child.kill()
        #expect(try daemon.project(id).string("project.errorCode") == "leaseExpired")
    }

    @Test("a connection that another process has, too, lives as long as that one", arguments: ["fork", "pass"])
    func shared(_ how: String) throws {
        let daemon = try daemon()
        let id = try daemon.begin(1)[0]
        let holder = try LeaseHolder(daemon.socket, [[id]])
        let other = try holder.share(how)
        let deadline = try daemon.deadline(id)
        holder.child.kill()
        // As long as would do for a connection that has ended.
        let start = ContinuousClock.now
        try waitFor("twice the grace") { ContinuousClock.now - start > .seconds(2) }
        #expect(try daemon.deadline(id) ?? "" >= deadline ?? "")
        other.end()
        try daemon.waitForEnd(of: id, "crashed")
    }

    @Test("who attaches again in time, from another connection, has its lease back")
    func reattached() throws {
        let daemon = try daemon(grace: 20)
        let id = try daemon.begin(1)[0]
        let first = try LeaseHolder(daemon.socket, [[id]])
        let deadline = try daemon.deadline(id)
        first.child.kill()
        try waitForDetachment(daemon, id, from: deadline)
        let second = try LeaseHolder(daemon.socket, [[id]])
        try waitFor("the lease") { try daemon.deadline(id) ?? "" > deadline ?? "" }
        // Who comes while the other is there takes it over.
        let third = try LeaseHolder(daemon.socket, [[id]])
        second.child.kill()
        for _ in 0..<20 { #expect(try daemon.deadline(id) ?? "" > deadline ?? "") }
        third.child.kill()
        try waitForDetachment(daemon, id, from: deadline)
        #expect(try daemon.project(id).string("project.status") == "processing")
    }

    @Test("who reports in time is believed", arguments: ["processing", "completed", "failed"])
    func reported(_ status: String) throws {
        let daemon = try daemon(grace: 20)
        let id = try daemon.begin(1)[0]
        let holder = try LeaseHolder(daemon.socket, [[id]])
        let deadline = try daemon.deadline(id)
        holder.child.kill()
        try waitForDetachment(daemon, id, from: deadline)
        let reply = try daemon.call("updateStatus", ["projectId": id, "status": status])
        #expect(reply.string("project.status") == status)
        if status == "processing" { #expect(reply.string("project.deadline") ?? "" > deadline ?? "") }
        if status == "failed" { #expect(reply.string("project.errorCode") == "pipelineFailed") }
    }

    @Test("one that is paused outlives its holder, also one that comes back, until it is attached again or cancelled")
    func paused() throws {
        let daemon = try daemon()
        let ids = try daemon.begin(2)
        let holder = try LeaseHolder(daemon.socket, [ids])
        for id in ids {
            let answer = try daemon.call("heartbeat", ["projectId": id, "pause": 3600])
            #expect(answer.string("pausedUntil") ?? "" > "2026")
        }
        holder.child.kill()
        let start = ContinuousClock.now
        try waitFor("twice the grace") { ContinuousClock.now - start > .seconds(2) }
        for id in ids {
            #expect(try daemon.project(id).string("project.status") == "processing")
            #expect(try daemon.project(id).string("project.pausedUntil") != nil)
        }
        let again = try LeaseHolder(daemon.socket, [[ids[0]]])
        #expect(try daemon.project(ids[0]).string("project.pausedUntil") == nil)
        again.child.kill()
        try daemon.waitForEnd(of: ids[0], "crashed")
        let cancelled = try daemon.call("cancelProject", ["projectId": ids[1]])
        #expect(cancelled.string("project.errorCode") == "cancelled")
        #expect(cancelled.int("creditsRefunded") == 1)
        #expect(try daemon.call("getBalance", ["userId": "ada"]).int("available") == 2)
        #expect(daemon.stop() == 0)
    }

    @Test("who holds a lease when its project is paused does not hold it when that goes on")
    func heldBeforeThePause() throws {
        let daemon = try daemon()
        let ids = try daemon.begin(2)
        let holder = try LeaseHolder(daemon.socket, [ids])
        _ = try daemon.call("heartbeat", ["projectId": ids[0], "pause": 3600])
        _ = try daemon.call("heartbeat", ["projectId": ids[0]])
        holder.child.kill()
        try daemon.waitForEnd(of: ids[1], "crashed")
        #expect(try daemon.project(ids[0]).string("project.status") == "processing")
    }

    @Test("an end after the verdict changes nothing")
    func afterVerdict() throws {
        let daemon = try daemon()
        let id = try daemon.begin(1)[0]
        let holder = try LeaseHolder(daemon.socket, [[id]])
        _ = try daemon.call("updateStatus", ["projectId": id, "status": "completed"])
        let before = try daemon.project(id)
        holder.child.kill()
        let other = try daemon.begin(1)[0]
        let second = try LeaseHolder(daemon.socket, [[other]])
        second.child.kill()
        try daemon.waitForEnd(of: other, "crashed")
        #expect(try daemon.project(id).string("project.updatedAt") == before.string("project.updatedAt"))
        #expect(try daemon.project(id).string("project.status") == "completed")
    }

    @Test("a pending project's, too")
    func pending() throws {
        let daemon = try daemon()
        _ = try daemon.call("grantCredits", ["userId": "ada", "credits": 1, "reason": "r"])
        let created = try daemon.call("createProject", ["userId": "ada", "credits": 1])
        let id = try #require(created.string("project.projectId"))
        let connection = try daemon.connect()
        #expect(try connection.call("heartbeat", ["projectId": id, "attach": true]).string("status") == "pending")
        connection.close()
        try daemon.waitForEnd(of: id, "crashed")
    }

    @Test("a connection that ends with its input, as socat's, holds nothing, and gets its answer")
    func halfClosed() throws {
        let daemon = try daemon()
        let id = try daemon.begin(1)[0]
        let connection = try daemon.connect()
        try connection.send(
            #"{"jsonrpc":"2.0","id":1,"method":"heartbeat","params":{"projectId":"\#(id)","attach":true}}"#)
        connection.shutdownWriting()
        #expect(try connection.lines().count == 1)
        try daemon.waitForEnd(of: id, "crashed")
    }

    @Test("one that hangs up before its attachment is answered has hung up all the same")
    func hungUpAtOnce() throws {
        let daemon = try daemon()
        for id in try daemon.begin(20) {
            let connection = try daemon.connect()
            try connection.send(
                #"{"jsonrpc":"2.0","id":1,"method":"heartbeat","params":{"projectId":"\#(id)","attach":true}}"# + "\n")
            connection.close()
        }
        try waitFor("their ends") { try daemon.call("getBalance", ["userId": "ada"]).int("held") == 0 }
    }

    @Test("nobody is failed because the daemon was started anew", arguments: [SIGTERM, SIGKILL])
    func restarted(_ signal: Int32) throws {
        let daemon = try daemon()
        let ids = try daemon.begin(3)
        let holder = try LeaseHolder(daemon.socket, [[ids[0], ids[1]]])
        let deadlines = try ids.map { try daemon.deadline($0) }
        daemon.send(signal)
        #expect(daemon.exitCode() == (signal == SIGTERM ? 0 : -SIGKILL))
        try daemon.start()
        let again = try LeaseHolder(daemon.socket, [[ids[0]]])
        let start = ContinuousClock.now
        try waitFor("twice the grace") { ContinuousClock.now - start > .seconds(2) }
        for (id, deadline) in zip(ids, deadlines) {
            #expect(try daemon.project(id).string("project.status") == "processing")
            #expect(try daemon.deadline(id) ?? "" >= deadline ?? "")
        }
        // Who has attached again is attached again; who has not is left to his lease.
        again.child.kill()
        try daemon.waitForEnd(of: ids[0], "crashed")
        #expect(try daemon.project(ids[1]).string("project.status") == "processing")
        holder.child.kill()
    }

    @Test("five thousand on two hundred connections that end at once are all refunded")
    func many() throws {
        let daemon = try daemon()
        let connection = try daemon.connect()
        _ = try connection.call("grantCredits", ["userId": "ada", "credits": 5000, "reason": "r"])
        var ids: [String] = []
        for _ in 0..<20 {
            let prices = Array(repeating: ["userId": "ada", "credits": 1] as [String: Any], count: 250)
            let created = try connection.calls("createProject", prices).compactMap { $0.string("project.projectId") }
            _ = try connection.calls("updateStatus", created.map { ["projectId": $0, "status": "processing"] })
            ids += created
        }
        try #require(ids.count == 5000)
        let holder = try LeaseHolder(daemon.socket, (0..<200).map { Array(ids[25 * $0..<25 * $0 + 25]) })
        let start = ContinuousClock.now
        holder.child.kill()
        try waitFor("all refunds") {
            try connection.call("getBalance", ["userId": "ada"]).int("available") == 5000
        }
        print("5000 attached projects of one dead process: refunded after \(ContinuousClock.now - start)")
        var stats = try connection.call("listProjects", ["limit": 500, "includeStats": true, "status": "failed"])
        #expect(stats.int("stats.total") == 5000)
        let codes = Set(try #require(stats["projects"] as? [[String: Any]]).compactMap { $0["errorCode"] as? String })
        #expect(codes == ["crashed"])
        stats = try connection.call("audit")
        #expect(stats.bool("ok") == true)
        #expect(daemon.stop() == 0)
    }
}
