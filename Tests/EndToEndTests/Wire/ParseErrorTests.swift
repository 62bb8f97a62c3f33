import Testing

/// A line and what is wrong with it.
struct BadLine: Sendable, CustomTestStringConvertible {
    let flaw: String
    let bytes: [UInt8]
    var testDescription: String { flaw }

    init(_ flaw: String, _ bytes: [UInt8]) {
        self.flaw = flaw
        self.bytes = bytes
    }

    init(_ flaw: String, _ text: String) { self.init(flaw, Array(text.utf8)) }

    /// A good request with some bytes inside of its one string.
    static func inString(_ flaw: String, _ bytes: [UInt8]) -> BadLine {
        let (before, after) = (#"{"jsonrpc":"2.0","id":1,"method":"getBalance","params":{"userId":"a"#, #"b"}}"#)
        return BadLine(flaw, Array(before.utf8) + bytes + Array(after.utf8))
    }
}

@Suite("Lines that are not one strict JSON text")
struct ParseErrorTests {
    let daemon: TestDaemon

    init() throws { daemon = try SharedDaemon.get() }

    private static let good = Array(Ping.request().utf8)

    static let lines: [BadLine] =
        [
            BadLine("a byte order mark", [0xEF, 0xBB, 0xBF] + good),
            BadLine("UTF-16", good.flatMap { [$0, 0] }),
            BadLine("NUL before", [0] + good),
            BadLine("NUL after", good + [0]),
            BadLine("a form feed", [0x0C] + good),
            BadLine("a vertical tab", good + [0x0B]),
            BadLine("a no-break space", [0xC2, 0xA0] + good),
            BadLine("two requests", good + good),
            BadLine("two requests, a space between", good + [0x20] + good),
            BadLine("two numbers", "1 2"),
            BadLine("a word", "hello"),
            BadLine("a cut request", Array(good.dropLast())),
            BadLine("a bracket too many", good + Array("}".utf8)),
            BadLine("an opening brace", "{"),
            BadLine("a closing bracket", "]"),
            BadLine("crossed brackets", "[{]}"),
            BadLine("a comma before }", #"{"jsonrpc":"2.0","id":1,"method":"audit",}"#),
            BadLine("a comma before ]", #"{"jsonrpc":"2.0","id":1,"method":"audit","params":[1,]}"#),
            BadLine("a comma after [", #"{"jsonrpc":"2.0","id":1,"method":"audit","params":[,1]}"#),
            BadLine("a missing comma", #"{"jsonrpc":"2.0" "id":1,"method":"audit"}"#),
            BadLine("a missing colon", #"{"jsonrpc" "2.0","id":1,"method":"audit"}"#),
            BadLine("a name without value", #"{"jsonrpc"}"#),
            BadLine("a name without quotes", #"{jsonrpc:"2.0","id":1,"method":"audit"}"#),
            BadLine("single quotes", "{'jsonrpc':'2.0','id':1,'method':'audit'}"),
            BadLine("a comment", Array("/**/".utf8) + good),
            BadLine("duplicate names", #"{"jsonrpc":"2.0","id":1,"id":1,"method":"audit"}"#),
            BadLine("duplicate names, one escaped", #"{"jsonrpc":"2.0","id":1,"\u0069d":1,"method":"audit"}"#),
            BadLine("duplicate names in params", #"{"jsonrpc":"2.0","id":1,"method":"x","params":{"a":1,"a":1}}"#),
            BadLine("duplicate unknown names", #"{"jsonrpc":"2.0","id":1,"method":"x","":1,"":1}"#),
            BadLine("65 levels", nested(65) as String),
            BadLine("100000 levels", Array(repeating: UInt8(ascii: "["), count: 100_000)),
        ]
        + ["01", "+1", ".5", "1.", "-", "1e", "1e+", "0x10", "1_000", "NaN", "Infinity", "-Infinity", "True", "nul"].map
    {
        BadLine("the number or word \($0)", #"{"jsonrpc":"2.0","id":\#($0),"method":"audit"}"#)
    }
        + [
            .inString("a raw tab", [0x09]),
            .inString("a raw carriage return", [0x0D]),
            .inString("a raw NUL", [0x00]),
            .inString("a raw unit separator", [0x1F]),
            .inString("a lone high surrogate", Array(#"\ud83d"#.utf8)),
            .inString("a lone low surrogate", Array(#"\ude00"#.utf8)),
            .inString("surrogates the wrong way round", Array(#"\ude00\ud83d"#.utf8)),
            .inString("a high surrogate twice", Array(#"\ud83d\ud83d\ude00"#.utf8)),
            .inString("an escape that is none", Array(#"\x41"#.utf8)),
            .inString("a cut escape", Array(#"\u00"#.utf8)),
            .inString("no hexadecimal digits", Array(#"\u12G4"#.utf8)),
            .inString("the byte 0xFF", [0xFF]),
            .inString("a continuation byte alone", [0x80]),
            .inString("an overlong NUL", [0xC0, 0x80]),
            .inString("an overlong slash", [0xE0, 0x80, 0xAF]),
            .inString("a cut sequence", [0xE2, 0x82]),
            .inString("an encoded surrogate", [0xED, 0xA0, 0x80]),
            .inString("a scalar above U+10FFFF", [0xF4, 0x90, 0x80, 0x80]),
            .inString("a sequence of five bytes", [0xF8, 0x88, 0x80, 0x80, 0x80]),
        ]

    @Test("a parse error has id null, and the next line is answered", arguments: lines)
    func parseError(_ line: BadLine) throws {
        let replies = try daemon.exchange(line.bytes + Array("\n\(Ping.request())\n".utf8))
        try #require(replies.count == 2)
        #expect(replies[0].hasPrefix(#"{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"#))
        let error = try Reply(replies[0])
        #expect(error.kind == "parseError")
        #expect(error.data?["retryable"] as? Bool == false)
        #expect(error.data?["hint"] is String)
        #expect(replies[1] == Ping.reply())
    }

    @Test("64 levels are no parse error")
    func deepestNesting() throws {
        let reply = try Reply(daemon.answer(to: Self.nested(64)))
        #expect(reply.code == -32602)
    }

    /// A request whose params are nested so that it has so many levels in all.
    private static func nested(_ levels: Int) -> String {
        let inner = String(repeating: "[", count: levels - 1) + String(repeating: "]", count: levels - 1)
        return #"{"jsonrpc":"2.0","id":1,"method":"getBalance","params":\#(inner)}"#
    }
}
