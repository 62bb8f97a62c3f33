import Testing

@Suite("The envelope of a request")
struct EnvelopeTests {
    let daemon: TestDaemon

    init() throws { daemon = try SharedDaemon.get() }

    static let ids = [
        "0", "-0", "1", "-17", "1.0", "1.50", "1E+2", "1e400", "-1e-400", "9007199254740993", "18446744073709551616",
        "\"\"", "\"a\"", #""\u0041""#, #""\/\"\\\n""#, "\"\u{1F600}\"", #""\ud83d\ude00""#, "\"e\u{301}\"", "null",
        "\"" + String(repeating: "long", count: 20_000) + "\"",
    ]

    @Test("an id is echoed byte for byte, with a result and with an error", arguments: ids)
    func idIsEchoed(_ id: String) throws {
        let replies = try daemon.exchange(
            Ping.request(id: id) + "\n" + #"{"jsonrpc":"2.0","method":"no","id":\#(id)}"# + "\n"
                + #"{"jsonrpc":"2.0","id": \#(id) }"# + "\n")
        try #require(replies.count == 3)
        #expect(replies[0] == Ping.reply(id: id))
        #expect(replies[1].hasPrefix(#"{"jsonrpc":"2.0","id":\#(id),"error":{"code":-32601,"#))
        #expect(replies[2].hasPrefix(#"{"jsonrpc":"2.0","id":\#(id),"error":{"code":-32600,"#))
    }

    @Test(
        "an id that is none is an invalid request with id null",
        arguments: ["true", "false", "[]", "[1]", "{}", #"{"a":1}"#])
    func idOfWrongType(_ id: String) throws {
        #expect(try daemon.answer(to: Ping.request(id: id)).hasPrefix(Self.invalid("null")))
    }

    static let invalidRequests: [(request: String, id: String)] = [
        ("1", "null"), (#""getBalance""#, "null"), ("null", "null"), ("true", "null"), ("{}", "null"),
        (#"{"id":7}"#, "7"),
        (#"{"id":7,"method":"audit"}"#, "7"),
        (#"{"method":"audit","id":"x","jsonrpc":"1.0"}"#, "\"x\""),
        (#"{"method":"audit","id":7,"jsonrpc":2.0}"#, "7"),
        (#"{"method":"audit","id":7,"jsonrpc":"2"}"#, "7"),
        (#"{"method":"audit","id":7,"jsonrpc":null}"#, "7"),
        (#"{"jsonrpc":"2.0","id":7}"#, "7"),
        (#"{"jsonrpc":"2.0","id":7,"method":null}"#, "7"),
        (#"{"jsonrpc":"2.0","id":7,"method":1}"#, "7"),
        (#"{"jsonrpc":"2.0","id":7,"method":["audit"]}"#, "7"),
        (#"{"jsonrpc":"2.0","id":7,"METHOD":"audit"}"#, "7"),
        (#"{"jsonrpc":"2.0","id":7,"method":"audit","params":null}"#, "7"),
        (#"{"jsonrpc":"2.0","id":7,"method":"audit","params":1}"#, "7"),
        (#"{"jsonrpc":"2.0","id":7,"method":"audit","params":"x"}"#, "7"),
        (#"{"jsonrpc":"2.0","id":7,"method":"audit","params":true}"#, "7"),
        (#"{"params":null,"method":"audit","jsonrpc":"2.0","id":7}"#, "7"),
        // Without an id it is no notification either, as it is no request.
        (#"{"jsonrpc":"2.0","method":"audit","params":null}"#, "null"),
        (#"{"jsonrpc":"2.0"}"#, "null"),
        (#"{"method":"audit"}"#, "null"),
    ]

    @Test("an invalid request is answered with its id where that can be read", arguments: invalidRequests)
    func invalidRequest(_ request: String, _ id: String) throws {
        let replies = try daemon.exchange(request + "\n" + Ping.request() + "\n")
        try #require(replies.count == 2)
        #expect(replies[0].hasPrefix(Self.invalid(id)))
        #expect(try Reply(replies[0]).kind == "invalidRequest")
        #expect(replies[1] == Ping.reply())
    }

    static let goodRequests = [
        #"{"jsonrpc":"2.0","id":"ping","method":"getBalance","params":["nobody"]}"#,
        #"{"params":["nobody"],"method":"getBalance","id":"ping","jsonrpc":"2.0"}"#,
        #"{"\u006aso\u006Erpc":"2\u002e0","\u0069d":"ping","m\u0065thod":"get\u0042alance","params":["n\u006fbody"]}"#,
        #"{"jsonrpc":"2.0","id":"ping","method":"getBalance","params":["nobody"],"result":1,"error":{},"auth":[[]]}"#,
        #"{"":0,"ID":5,"jsonrpc":"2.0","id":"ping","method":"getBalance","params":["nobody"],"Params":null}"#,
        "\t {\r\"jsonrpc\" :\t\"2.0\" ,\r\"id\": \"ping\",\"method\"\t:\"getBalance\", \"params\" : [ \"nobody\" ] } \t",
        "{\"jsonrpc\":\"2.0\",\"id\":\"ping\",\"method\":\"getBalance\",\"params\":[\"nobody\"]}\r",
    ]

    @Test("order, escapes, white space and unknown members make no difference", arguments: goodRequests)
    func goodRequest(_ request: String) throws {
        #expect(try daemon.answer(to: request) == Ping.reply())
    }

    @Test(
        "a method's name is compared byte for byte",
        arguments: [
            "", "getbalance", "GetBalance", "getBalance ", "getBalance\\u0000", "rpc.", "rpc.Discover", "nonsense",
        ])
    func unknownMethod(_ name: String) throws {
        let reply = try Reply(
            daemon.answer(to: #"{"jsonrpc":"2.0","id":1,"method":"\#(name)","params":{"userId":"a"}}"#))
        #expect(reply.code == -32601)
        #expect(reply.kind == "methodNotFound")
    }

    private static func invalid(_ id: String) -> String { #"{"jsonrpc":"2.0","id":\#(id),"error":{"code":-32600,"# }
}
