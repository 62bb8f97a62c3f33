import LifecycleClient
import TestSupport
import Testing

@Suite("a peer that answers strangely", .timeLimit(.minutes(60)))
struct ReplyTests {
    @Test("answers in any order, twice, for nobody, with members that a newer daemon may have: each call gets its own")
    func order() async throws {
        let server = try HostileServer { peer, _ in
            while true {
                let requests = try (0..<20).map { _ in try peer.request() }
                try peer.send(
                    #"{"jsonrpc":"2.0","id":987654321,"result":{"userId":"nobody","available":1,"held":1}}"# + "\n")
                for request in requests.reversed() {
                    let answer = request.reply(
                        #""x":[{}],"result":{"userId":"\#(request.userId)","new":{"a":1},"available":7,"held":0}"#)
                    try peer.send(answer + answer)
                }
            }
        }
        let client = LifecycleClient(server.path)
        for round in 0..<3 {
            try await finish("20 calls") {
                try await withThrowingTaskGroup { group in
                    for index in 0..<20 { group.addTask { try await client.ask("u\(round)-\(index)") } }
                    try await group.waitForAll()
                }
            }
        }
        #expect(server.connections == 1)
    }

    @Test("an error of a kind that nobody knows keeps its name, its fields and whether it may be repeated")
    func unknownKind() async throws {
        let server = try HostileServer { peer, _ in
            let data = #"{"new":[1],"kind":"quotaExceeded","retryable":true,"limit":5,"word":"w","hint":"Wait."}"#
            try peer.send(try peer.request().reply(#""error":{"data":\#(data),"y":0,"code":1999,"message":"No."}"#))
            try peer.serve()
        }
        let client = LifecycleClient(server.path)
        let error = try await failure("a refused call") { try await client.ask() }
        #expect(error.code == .refused)
        #expect(error.outcome == .notDone)
        #expect(error.kind?.name == "quotaExceeded")
        #expect(error.kind?.retryable == true)
        #expect(error.refusal?.integer("limit") == 5)
        #expect(error.refusal?.text("word") == "w")
        #expect(error.hint == "Wait.")
        try await finish("the next call") { try await client.ask() }
        #expect(server.connections == 1)
    }

    @Test("a reply in single bytes, and ten thousand in one write")
    func cuts() async throws {
        let server = try HostileServer { peer, _ in
            for byte in Array(try peer.request().answer.utf8) { try peer.send([byte]) }
            let strange = (0..<10_000).map { #"{"jsonrpc":"2.0","id":\#(1_000_000 + $0),"result":{}}"# + "\n" }
            try peer.send(strange.joined() + (try peer.request().answer))
        }
        let client = LifecycleClient(server.path)
        try await finish("single bytes") { try await client.ask("a") }
        try await finish("after ten thousand others") { try await client.ask("b") }
        #expect(server.connections == 1)
    }

    static let garbage: [(name: String, reply: @Sendable (Request) -> [UInt8])] = [
        ("random bytes", { _ in [0x00, 0xff, 0x13, 0x0a] }),
        ("HTTP", { _ in Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8) }),
        (
            "invalid UTF-8",
            {
                Array(#"{"jsonrpc":"2.0","id":\#($0.id),"result":{"userId":""#.utf8) + [0xc3, 0x28]
                    + Array("\"}}\n".utf8)
            }
        ),
        ("an array", { _ in Array("[]\n".utf8) }),
        ("a number", { _ in Array("42\n".utf8) }),
        ("another protocol", { Array(#"{"jsonrpc":"1.0","id":\#($0.id),"result":{}}"#.utf8) + [10] }),
        ("no id", { _ in Array(#"{"jsonrpc":"2.0","result":{}}"#.utf8) + [10] }),
        ("an id that is a text", { Array(#"{"jsonrpc":"2.0","id":"\#($0.id)","result":{}}"#.utf8) + [10] }),
        ("a fraction as id", { _ in Array(#"{"jsonrpc":"2.0","id":1.5,"result":{}}"#.utf8) + [10] }),
        ("neither result nor error", { Array($0.reply(#""x":1"#).utf8) }),
        ("both result and error", { Array($0.reply(#""result":{},"error":{"code":1,"message":""}"#).utf8) }),
        ("an error without a code", { Array($0.reply(#""error":{"message":"m"}"#).utf8) }),
        ("an error that is a text", { Array($0.reply(#""error":"m""#).utf8) }),
        ("a result for nobody", { _ in Array(#"{"jsonrpc":"2.0","id":null,"result":{}}"#.utf8) + [10] }),
        (
            "a parse error",
            { _ in Array(#"{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"Not JSON."}}"#.utf8) + [10] }
        ),
        ("two values on a line", { Array($0.answer.utf8.dropLast()) + Array("{}\n".utf8) }),
        ("more bytes than allowed", { _ in [UInt8](repeating: 0x78, count: 5000) }),
    ]

    @Test(
        "garbage ends the connection; what may be repeated is sent three times, the rest once",
        arguments: garbage.map(\.name))
    func garbageForEver(_ name: String) async throws {
        let reply = try #require(Self.garbage.first { $0.name == name }?.reply)
        let server = try HostileServer { peer, _ in
            try peer.send(reply(try peer.request()))
            peer.waitForEnd()
        }
        let client = LifecycleClient(server.path) { $0.maximumReplyBytes = 4096 }
        let error = try await failure("a call that may be repeated") { try await client.ask() }
        #expect(error.code == .badReply)
        #expect(error.outcome == .unknown)
        #expect(server.connections == 3)
        #expect(server.requests.count == 3)

        let second = try await failure("a call that may not") { try await client.askOnce() }
        #expect(second.code == .badReply)
        #expect(second.outcome == .unknown)
        #expect(server.connections == 4)
        #expect(server.requests.count == 4)
    }

    @Test("after garbage the next connection serves all that may be repeated", arguments: garbage.map(\.name))
    func garbageOnce(_ name: String) async throws {
        let reply = try #require(Self.garbage.first { $0.name == name }?.reply)
        let server = try HostileServer { peer, number in
            if number > 1 { try peer.serve() }
            let requests = try (0..<8).map { _ in try peer.request() }
            try peer.send(reply(requests[0]))
            peer.waitForEnd()
        }
        let client = LifecycleClient(server.path) { $0.maximumReplyBytes = 4096 }
        try await finish("8 calls") {
            try await withThrowingTaskGroup { group in
                for index in 0..<8 { group.addTask { try await client.ask("u\(index)") } }
                try await group.waitForAll()
            }
        }
        #expect(server.connections == 2)
    }

    @Test("a reply of the greatest length that is allowed is taken")
    func longest() async throws {
        let server = try HostileServer { peer, _ in
            let request = try peer.request()
            let line = request.reply(#""result":{"userId":"u","available":7,"held":0,"x":""}"#)
            let filler = String(repeating: "x", count: 200_000 + 1 - line.utf8.count)
            try peer.send(request.reply(#""result":{"userId":"u","available":7,"held":0,"x":"\#(filler)"}"#))
            peer.waitForEnd()
        }
        let client = LifecycleClient(server.path) { $0.maximumReplyBytes = 200_000 }
        try await finish("a long reply") { try await client.ask() }
        #expect(server.connections == 1)
    }

    @Test("half a line and then the end is a lost connection")
    func halfALine() async throws {
        let server = try HostileServer { peer, number in
            if number > 2 { try peer.serve() }
            try peer.send(String(try peer.request().answer.dropLast(9)))
        }
        let client = LifecycleClient(server.path)
        let error = try await failure("a call that may not be repeated") { try await client.askOnce("a") }
        #expect(error.code == .connectionLost)
        #expect(error.outcome == .unknown)
        try await finish("one that may") { try await client.ask("b") }
        #expect(server.requests.map(\.userId) == ["a", "b", "b"])
    }

    @Test("a result that is not the method's is a bad reply, and the connection stays")
    func wrongResult() async throws {
        let server = try HostileServer { peer, _ in
            try peer.send(peer.request().reply(#""result":{"userId":7}"#))
            try peer.serve()
        }
        let client = LifecycleClient(server.path)
        let error = try await failure("the call") { try await client.ask() }
        #expect(error.code == .badReply)
        #expect(error.message.contains("getBalance"))
        try await finish("the next call") { try await client.ask() }
        #expect(server.connections == 1)
    }
}
