import Foundation
import Testing

@Suite("Who may call what", .enabled(if: geteuid() == 0, "only root can become another user"))
struct RoleTests {
    /// A caller and the roles that its groups give it.
    struct Peer: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let identity: PeerProcess.Identity
        let roles: Set<String>

        init(_ name: String, _ roles: Set<String>, uid: Int = 62_000, gid: Int = 62_000, groups: [Int] = []) {
            testDescription = name
            identity = PeerProcess.Identity(uid: uid, gid: gid, groups: groups)
            self.roles = roles
        }
    }

    static let peers = [
        Peer("a stranger", []),
        Peer("a stranger with groups of no role", [], groups: [62_001, 62_002, 100]),
        // A group id says nothing about a user id, and root's group is not root.
        Peer("a stranger with an app's number as uid", [], uid: PeerProcess.appGroup),
        Peer("a stranger in group 0", [], gid: 0, groups: [0]),
        Peer("a reader", ["reader"], gid: PeerProcess.readerGroup),
        Peer("a reader by a further group", ["reader"], groups: [100, PeerProcess.readerGroup]),
        Peer("an agent", ["agent"], gid: PeerProcess.agentGroup),
        Peer("an agent by a further group", ["agent"], groups: [PeerProcess.agentGroup]),
        Peer("an app", ["app"], gid: PeerProcess.appGroup),
        Peer("an app by the last of many groups", ["app"], groups: Array(63_001...63_100) + [PeerProcess.appGroup]),
        Peer(
            "a reader and agent", ["reader", "agent"], gid: PeerProcess.readerGroup, groups: [PeerProcess.agentGroup]),
        Peer("an admin", ["admin"], gid: PeerProcess.adminGroup),
        Peer("an admin by a further group", ["admin"], groups: [PeerProcess.adminGroup]),
        Peer("root", ["admin"], uid: 0, gid: 62_000),
    ]

    @Test("a method is denied to all whose roles do not allow it, before its parameters are read")
    func matrix() throws {
        let daemon = try PeerProcess.daemon()
        for peer in Self.peers {
            // What no method knows: a caller who may call gets as far as that, and no further.
            let lines = MethodCase.all.map {
                #"{"jsonrpc":"2.0","id":"\#($0.name)","method":"\#($0.name)","params":{"nonsense":1}}"#
            }
            let process = try PeerProcess(peer.identity, sends: lines, to: daemon)
            try #require(process.replies.count == MethodCase.all.count)
            for (method, line) in zip(MethodCase.all, process.replies) {
                let reply = try Reply(line)
                let isAllowed = !method.roles.union(["admin"]).isDisjoint(with: peer.roles)
                #expect(reply.code == (isAllowed ? -32602 : -32001), "\(peer.testDescription) calls \(method.name)")
                guard !isAllowed else { continue }
                #expect(reply.kind == "permissionDenied")
                #expect(reply.data?["method"] as? String == method.name)
                let role = try #require(reply.data?["role"] as? String)
                for name in method.roles { #expect(role.contains(name)) }
                if method.roles.isEmpty { #expect(role == "admin") }
                let caller = "uid \(peer.identity.uid) gid \(peer.identity.gid) pid \(process.pid)"
                #expect(reply.data?["caller"] as? String == caller)
            }
        }
    }

    @Test("a stranger is told what is wrong with a line, and otherwise nothing; what it sends has no effect")
    func stranger() throws {
        let daemon = try PeerProcess.daemon()
        _ = try daemon.call("grantCredits", ["userId": "ada", "credits": 50, "reason": "r"])
        let before = try daemon.snapshot(of: "ada")
        let process = try PeerProcess(
            PeerProcess.Identity(),
            sends: [
                "{", #"{"jsonrpc":"2.0","id":1}"#, #"{"jsonrpc":"2.0","id":2,"method":"nonsense"}"#,
                #"{"jsonrpc":"2.0","id":3,"method":"rpc.discover"}"#,
                #"{"jsonrpc":"2.0","id":4,"method":"getMetrics"}"#,
                #"{"jsonrpc":"2.0","id":5,"method":"getBalance","params":["ada"]}"#,
                #"{"jsonrpc":"2.0","id":6,"method":"createProject","params":["ada",5]}"#,
                #"{"jsonrpc":"2.0","method":"createProject","params":["ada",5]}"#,
                #"{"jsonrpc":"2.0","method":"grantCredits","params":["ada",5,"r"]}"#,
                #"[{"jsonrpc":"2.0","id":7,"method":"grantCredits","params":["ada",5,"r"]}]"#,
            ], to: daemon)
        let codes = process.replies.dropLast().compactMap { try? Reply($0).code }
        #expect(codes == [-32700, -32600, -32601, -32001, -32001, -32001, -32001])
        #expect(process.replies.last?.hasPrefix(#"[{"jsonrpc":"2.0","id":7,"error":{"code":-32001,"#) == true)
        #expect(try daemon.snapshot(of: "ada") == before)
    }

    @Test("an app and an agent do their part of the story, and the history names both as the kernel does")
    func history() throws {
        let daemon = try PeerProcess.daemon()
        _ = try daemon.call("grantCredits", ["userId": "ada", "credits": 50, "reason": "r"])
        let app = PeerProcess.Identity(uid: 62_001, gid: 62_011, groups: [PeerProcess.appGroup])
        let agent = PeerProcess.Identity(uid: 62_002, gid: PeerProcess.agentGroup)
        let create = try PeerProcess(
            app, sends: [#"{"jsonrpc":"2.0","id":1,"method":"createProject","params":["ada",5,null,"e"]}"#], to: daemon)
        let report = try PeerProcess(
            agent,
            sends: [
                // Denied, also as a notification.
                #"{"jsonrpc":"2.0","method":"createProject","params":["ada",7]}"#,
                #"{"jsonrpc":"2.0","id":1,"method":"updateStatus","params":["processing",null,"e"]}"#,
                #"{"jsonrpc":"2.0","id":2,"method":"updateStatus","params":["failed",null,"e","GPU lost"]}"#,
                #"{"jsonrpc":"2.0","id":3,"method":"updateStatus","params":["completed",null,"e"]}"#,
            ], to: daemon)
        #expect(report.replies.count == 3)
        #expect(try Reply(try #require(report.replies.last)).kind == "terminalState")
        let id = try #require(try Reply(create.replies[0]).string("project.projectId"))
        let explained = try daemon.call("explainProject", ["projectId": id])
        let events = try #require(explained["events"] as? [[String: Any]])
        #expect(events.map { $0["kind"] as? String } == ["created", "processing", "failed", "reportRefused"])
        #expect(events.map { $0["uid"] as? Int } == [62_001, 62_002, 62_002, 62_002])
        #expect(
            events.map { $0["gid"] as? Int } == [
                62_011, PeerProcess.agentGroup, PeerProcess.agentGroup, PeerProcess.agentGroup,
            ])
        #expect(events.map { $0["pid"] as? Int } == [create.pid, report.pid, report.pid, report.pid].map(Int.init))
        #expect(explained.string("summary")?.contains("uid 62002, pid \(report.pid)") == true)
        #expect(try daemon.call("getBalance", ["userId": "ada"]).int("available") == 50)
    }

    @Test("connections are counted for each Unix user by itself")
    func connectionsPerUser() throws {
        let daemon = try PeerProcess.daemon(["--max-connections-per-user", "1"])
        let root = try daemon.admittedConnection()
        defer { root.close() }
        let reader = PeerProcess.Identity(gid: PeerProcess.readerGroup)
        #expect(try PeerProcess(reader, sends: [Ping.request()], to: daemon).replies == [Ping.reply()])
        #expect(try daemon.connect().lines().count == 1)
    }
}
