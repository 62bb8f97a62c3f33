import Foundation
import TestSupport
import Testing

@Suite("watch: what it sends")
struct WatchTests {
    let daemon: TestDaemon

    init() throws { daemon = try TestDaemon() }

    @Test("the answer comes first, then what is committed from then on, in order")
    func live() throws {
        try daemon.grant("ada", times: 3)
        let watcher = try daemon.connect()
        #expect(try watcher.watch() == 3)
        let id = try #require(
            try daemon.call("createProject", ["userId": "ada", "credits": 2]).string("project.projectId"))
        _ = try daemon.call("updateStatus", ["projectId": id, "status": "processing"])
        _ = try daemon.call("updateStatus", ["projectId": id, "status": "failed", "errorMessage": "no disk"])
        let events = try watcher.events(3)
        #expect(events.map(\.seq) == [4, 5, 6])
        #expect(events.map(\.kind) == ["created", "processing", "failed"])
        #expect(events.allSatisfy { $0.userId == "ada" && $0.projectId == id })
    }

    @Test("what the daemon's clocks do comes without anybody's asking")
    func clocks() throws {
        let watcher = try daemon.connect()
        try watcher.watch()
        let id = try #require(
            try daemon.call("createProject", ["userId": "ada", "credits": 0, "startTimeout": 1]).string(
                "project.projectId"))
        let events = try watcher.events(2)
        #expect(events.map(\.kind) == ["created", "failed"] && events.last?.projectId == id)
    }

    @Test("an event has the form of those in a project's history")
    func form() throws {
        let watcher = try daemon.connect()
        try watcher.watch(fromSeq: 0)
        let id = try #require(
            try daemon.call("createProject", ["userId": "ada", "credits": 0]).string("project.projectId"))
        let line = try watcher.event().line
        #expect(line.hasPrefix(#"{"jsonrpc":"2.0","method":"event","params":{"seq":1,"kind":"created","at":"20"#))
        let told = try #require(try Reply(line).object["params"] as? NSDictionary)
        let explained = try daemon.call("explainProject", ["projectId": id])["events"] as? [NSDictionary]
        #expect(told == explained?.first)
    }

    @Test("what was committed before comes first, after the event that is named", arguments: [0, 1, 4, 5])
    func replay(_ fromSeq: Int) throws {
        try daemon.grant("ada", times: 5)
        let watcher = try daemon.connect()
        #expect(try watcher.watch(fromSeq: fromSeq) == 5)
        try daemon.grant("ada")
        #expect(try watcher.events(6 - fromSeq).map(\.seq) == Array(fromSeq + 1...6))
    }

    @Test("a user's, a project's, or both: nothing else")
    func filters() throws {
        func create(_ user: String) throws -> String {
            try #require(try daemon.call("createProject", ["userId": user, "credits": 0]).string("project.projectId"))
        }
        let early = try create("ada")
        let byUser = try daemon.connect()
        let byProject = try daemon.connect()
        let byBoth = try daemon.connect()
        let byNobody = try daemon.connect()
        try byUser.watch(fromSeq: 0, userId: "ada")
        try byProject.watch(fromSeq: 0, projectId: early)
        try byBoth.watch(fromSeq: 0, userId: "bea", projectId: early)
        try byNobody.watch(userId: "new")
        let late = try create("ada")
        _ = try create("bea")
        _ = try daemon.call("updateStatus", ["projectId": early, "status": "completed"])
        try daemon.grant("new")
        #expect(try byUser.events(4).map(\.projectId) == [early, late, early, early])
        #expect(try byProject.events(3).map(\.kind) == ["created", "processing", "completed"])
        #expect(try byNobody.event().kind == "granted")
        // Whoever got an event that is not his would have it before this answer.
        for connection in [byUser, byProject, byBoth, byNobody] {
            #expect(try connection.call("getBalance", ["userId": "x"]).int("available") == 0)
        }
    }

    @Test("users are told apart by their bytes")
    func canonicalEquivalence() throws {
        let watcher = try daemon.connect()
        try watcher.watch(fromSeq: 0, userId: "\u{E9}")
        try daemon.grant("e\u{301}")
        try daemon.grant("\u{E9}")
        #expect(try watcher.event().seq == 2)
    }

    @Test("a second watch on a connection takes the place of the first")
    func replaces() throws {
        let connection = try daemon.connect()
        try connection.watch(userId: "ada")
        try connection.watch(userId: "bea")
        try daemon.grant("ada")
        try daemon.grant("bea")
        #expect(try connection.event().userId == "bea")
        #expect(try connection.call("getBalance", ["userId": "ada"]).int("available") == 1)
    }

    @Test("no event stands within the array of a batch, nor before it")
    func batch() throws {
        let connection = try daemon.connect()
        let grant = #"{"jsonrpc":"2.0","id":2,"method":"grantCredits","params":["ada",1,"r"]}"#
        let watch = #"{"jsonrpc":"2.0","id":1,"method":"watch","params":[0]}"#
        let batch = ([grant, watch] + Array(repeating: grant, count: 300)).joined(separator: ",")
        try connection.send("[\(batch)]\n" + Ping.request() + "\n")
        let line = try #require(try connection.line())
        #expect((try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [Any])?.count == 302)
        let lines = try (0..<302).map { _ in try #require(try connection.line()) }
        #expect(lines.filter { $0 == Ping.reply() }.count == 1)
        #expect(try lines.filter { $0 != Ping.reply() }.map { try WatchedEvent($0).seq } == Array(1...301))
    }

    @Test("requests on a watching connection are answered, in order, between the events")
    func pipelined() throws {
        let connection = try daemon.connect()
        try connection.watch()
        let count = 500
        let requests = try (1...count).map {
            try Connection.request("grantCredits", ["userId": "ada", "credits": 1, "reason": "r"], id: 1000 + $0)
        }
        let sending = BackgroundSend(Array(requests.joined().utf8), to: connection)
        var ids: [Int] = []
        var seqs: [Int] = []
        while ids.count + seqs.count < 2 * count {
            let line = try #require(try connection.line())
            if let id = try Reply(line).object["id"] as? Int {
                ids.append(id)
            } else {
                seqs.append(try WatchedEvent(line).seq)
            }
        }
        try sending.wait()
        #expect(ids == Array(1001...1000 + count))
        #expect(seqs == Array(1...count))
    }

    @Test("a watch that is not answered, being a notification, watches all the same")
    func notification() throws {
        let connection = try daemon.connect()
        let request = #"{"jsonrpc":"2.0","method":"watch","params":{"fromSeq":0}}"#
        try connection.send(request + "\n" + Ping.request() + "\n")
        #expect(try connection.line() == Ping.reply())
        try daemon.grant("ada")
        #expect(try connection.event().seq == 1)
    }

    @Test(
        "parameters that cannot be meant are refused, and the watch that there is goes on",
        arguments: [
            (#"{"fromSeq":-1}"#, "invalidParams"), (#"{"fromSeq":1.5}"#, "invalidParams"),
            (#"{"fromSeq":"1"}"#, "invalidParams"), (#"{"fromSeq":9007199254740992}"#, "invalidParams"),
            (#"{"fromSeq":null}"#, "invalidParams"), (#"{"fromSeq":2}"#, "invalidParams"),
            (#"{"userId":""}"#, "invalidParams"), (#"{"userId":7}"#, "invalidParams"),
            (#"{"projectId":"x"}"#, "invalidParams"), (#"{"user":"ada"}"#, "invalidParams"),
            (#"[0,"ada",null,1]"#, "invalidParams"),
            (#"{"projectId":"019ab0c4-5d2e-7a31-8c11-2f60b1f6a0de"}"#, "projectNotFound"),
        ])
    func refused(_ params: String, _ kind: String) throws {
        try daemon.grant("ada")
        let connection = try daemon.connect()
        try connection.watch()
        try connection.send(#"{"jsonrpc":"2.0","id":1,"method":"watch","params":\#(params)}"# + "\n")
        #expect(try connection.reply().kind == kind)
        try daemon.grant("ada")
        #expect(try connection.event().seq == 2)
    }
}
