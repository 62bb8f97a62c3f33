import Foundation
import Testing

@Suite("Batches")
struct BatchTests {
    let daemon: TestDaemon
    let user = SharedDaemon.newUser()

    init() throws { daemon = try SharedDaemon.get() }

    private func grant(_ id: String?, _ credits: Int = 1) -> String {
        let id = id.map { #""id":\#($0),"# } ?? ""
        return #"{"jsonrpc":"2.0",\#(id)"method":"grantCredits","params":["\#(user)",\#(credits),"test"]}"#
    }

    private func available() throws -> Int? {
        try daemon.call("getBalance", ["userId": user]).int("available")
    }

    /// The replies inside of one line.
    private func batch(_ line: String) throws -> [Reply] {
        let objects = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [[String: Any]])
        return try objects.map { object in
            try Reply(String(decoding: JSONSerialization.data(withJSONObject: object), as: UTF8.self))
        }
    }

    @Test("a batch is answered by one line, an array in the order of the requests")
    func order() throws {
        let ids = ["1", "\"two\"", "3.0", "null", "-5e5"]
        let requests = ids.map { Ping.request(id: $0) }
        let replies = ids.map { Ping.reply(id: $0) }
        #expect(
            try daemon.answer(to: "[" + requests.joined(separator: ",") + "]")
                == "[" + replies.joined(separator: ",") + "]")
        #expect(
            try daemon.answer(to: " [ " + requests.joined(separator: " ,\t") + " ]\r")
                == "[" + replies.joined(separator: ",") + "]")
    }

    @Test("a batch of one is still answered by an array")
    func one() throws {
        #expect(try daemon.answer(to: "[\(Ping.request())]") == "[\(Ping.reply())]")
    }

    @Test("an empty batch is one invalid request")
    func empty() throws {
        for line in ["[]", "[ \t]"] {
            #expect(try daemon.answer(to: line).hasPrefix(#"{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"#))
        }
    }

    @Test("what is no request in a batch is answered in its place")
    func invalidMembers() throws {
        let line = try daemon.answer(
            to:
                #"[1,\#(Ping.request()),[],[\#(grant("9"))],null,"x",{},{"id":4},{"jsonrpc":"2.0","id":true,"method":"a"}]"#
        )
        let replies = try batch(line)
        #expect(replies.map(\.code) == [-32600, nil, -32600, -32600, -32600, -32600, -32600, -32600, -32600])
        #expect(replies[7].object["id"] as? Int == 4)
        for place in [0, 2, 3, 4, 5, 6, 8] { #expect(replies[place].object["id"] is NSNull) }
        #expect(try available() == 0)
    }

    @Test("a batch of notifications is carried out and answered by nothing")
    func notificationsOnly() throws {
        let batch = "[\(grant(nil)),\(grant(nil)),{\"jsonrpc\":\"2.0\",\"method\":\"nonsense\"}]"
        #expect(try daemon.exchange(batch + "\n" + Ping.request() + "\n") == [Ping.reply()])
        #expect(try available() == 2)
    }

    @Test("notifications leave no hole among the replies")
    func notificationsBetween() throws {
        let line = try daemon.answer(
            to: "[\(grant(nil)),\(Ping.request(id: "1")),\(grant(nil)),\(Ping.request(id: "2"))]")
        #expect(line == "[\(Ping.reply(id: "1")),\(Ping.reply(id: "2"))]")
        #expect(try available() == 2)
    }

    @Test("a syntax error anywhere in a batch is one parse error, and nothing is carried out")
    func syntaxError() throws {
        for line in [
            "[\(grant("1")),\(grant("2")),]", "[\(grant("1"))", "[\(grant("1")) \(grant("2"))]",
            "[\(grant("1")),{\"id\":1,\"id\":2}]",
        ] {
            #expect(try daemon.answer(to: line).hasPrefix(#"{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"#))
        }
        #expect(try available() == 0)
    }

    @Test("1000 requests are carried out, 1001 are refused whole")
    func mostRequests() throws {
        let thousand = (1...1000).map { grant("\($0)") }
        let replies = try batch(daemon.answer(to: "[" + thousand.joined(separator: ",") + "]"))
        #expect(replies.compactMap { $0.object["id"] as? Int } == Array(1...1000))
        #expect(replies.compactMap { $0.int("balance.available") } == Array(1...1000))

        let reply = try Reply(daemon.answer(to: "[" + (thousand + [grant(nil)]).joined(separator: ",") + "]"))
        #expect(reply.code == -32010)
        #expect(reply.kind == "batchTooLarge")
        #expect(reply.data?["limit"] as? Int == 1000)
        #expect(reply.object["id"] is NSNull)
        #expect(try available() == 1000)
    }

    @Test("reads and writes happen in order, and one that fails changes nothing for the others")
    func mixed() throws {
        func request(_ id: Int, _ method: String, _ params: String) -> String {
            #"{"jsonrpc":"2.0","id":\#(id),"method":"\#(method)","params":\#(params)}"#
        }
        let ext = #""externalId":"\#(user)-x""#
        let replies = try batch(
            daemon.answer(
                to: "["
                    + [
                        grant("1", 100), request(2, "getBalance", #"["\#(user)"]"#),
                        request(3, "createProject", #"{"userId":"\#(user)","credits":70,\#(ext)}"#),
                        request(4, "createProject", #"{"userId":"\#(user)","credits":70}"#),
                        request(5, "listProjects", #"{"userId":"\#(user)"}"#),
                        request(6, "nonsense", "{}"),
                        request(7, "updateStatus", #"{\#(ext),"status":"failed"}"#),
                        request(8, "updateStatus", #"{\#(ext),"status":"completed"}"#),
                        request(9, "getStatus", #"{\#(ext)}"#),
                        request(10, "getBalance", #"["\#(user)"]"#),
                    ].joined(separator: ",") + "]"))
        #expect(replies.compactMap { $0.object["id"] as? Int } == Array(1...10))
        #expect(
            replies.map(\.kind) == [
                nil, nil, nil, "insufficientCredits", nil, "methodNotFound", nil, "terminalState", nil, nil,
            ])
        #expect(replies[1].int("available") == 100)
        #expect(replies[2].int("balance.available") == 30)
        #expect((replies[4]["projects"] as? [Any])?.count == 1)
        #expect(replies[8].string("project.status") == "failed")
        #expect(replies[9].int("available") == 100)
    }
}
