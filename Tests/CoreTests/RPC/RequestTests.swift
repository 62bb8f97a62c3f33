internal import LifecycleCore
internal import Testing

@Suite("Request envelopes")
struct RequestTests {
    private func id(_ id: RequestID) -> String? {
        switch id {
        case .none: nil
        case .some(let text): String(decoding: text, as: UTF8.self)
        }
    }

    @Test(
        "echo the id byte for byte",
        arguments: [
            "1", "-0", "1.0", "1e400", "9007199254740993", "123456789012345678901234567890", #""a""#, #""""#,
            #""\u0041é""#, "null",
        ])
    func ids(_ text: String) throws {
        let request = try Request(parseJSON(#"{"jsonrpc":"2.0","id": \#(text) ,"method":"m"}"#))
        #expect(id(request.id) == text)
    }

    @Test("without an id are notifications")
    func notification() throws {
        let request = try Request(parseJSON(#"{"jsonrpc":"2.0","method":"m","params":[]}"#))
        #expect(id(request.id) == nil)
        #expect(request.params?.kind == .array)
    }

    @Test(
        "ignore members that they do not know, and take escapes in names",
        arguments: [
            #"{"jsonrpc":"2.0","id":1,"method":"m","extra":{"id":2},"ID":3}"#,
            #"{"method":"m","id":1,"jsonrpc":"2.0"}"#,
            #"{"\u006ason\u0072pc":"\u0032.0","\u0069d":1,"method":"\u006d"}"#,
        ])
    func accepted(_ text: String) throws {
        let request = try Request(parseJSON(text))
        #expect(id(request.id) == "1")
        #expect(request.method.isString("m"))
        #expect(request.params == nil)
    }

    /// What is no request, and the id it is answered to.
    static let refused: [(String, String)] = [
        ("1", "null"), ("null", "null"), (#""x""#, "null"), ("true", "null"), ("[]", "null"), ("{}", "null"),
        (#"{"jsonrpc":"2.0","id":true,"method":"m"}"#, "null"),
        (#"{"jsonrpc":"2.0","id":[],"method":"m"}"#, "null"),
        (#"{"jsonrpc":"2.0","id":{},"method":"m"}"#, "null"),
        (#"{"id":7,"method":"m"}"#, "7"),
        (#"{"jsonrpc":"1.0","id":7,"method":"m"}"#, "7"),
        (#"{"jsonrpc":2.0,"id":7,"method":"m"}"#, "7"),
        (#"{"jsonrpc":"2.0 ","id":7,"method":"m"}"#, "7"),
        (#"{"jsonrpc":null,"id":7,"method":"m"}"#, "7"),
        (#"{"jsonrpc":"2.0","id":"a"}"#, #""a""#),
        (#"{"jsonrpc":"2.0","id":1e400,"method":1}"#, "1e400"),
        (#"{"jsonrpc":"2.0","id":null,"method":null}"#, "null"),
        (#"{"jsonrpc":"2.0","id":7,"method":["m"]}"#, "7"),
        (#"{"jsonrpc":"2.0","id":7,"method":"m","params":null}"#, "7"),
        (#"{"jsonrpc":"2.0","id":7,"method":"m","params":1}"#, "7"),
        (#"{"jsonrpc":"2.0","id":7,"method":"m","params":"x"}"#, "7"),
        (#"{"jsonrpc":"2.0","id":7,"method":"m","params":true}"#, "7"),
        (#"{"jsonrpc":"2.0","method":"m","params":1}"#, "null"),
        (#"{"method":"m","params":{},"id":7}"#, "7"),
    ]

    @Test("are refused as invalid requests, answered to the id if it can be read", arguments: refused)
    func refusal(_ text: String, _ answerTo: String) throws {
        let json = try parseJSON(text)
        do throws(InvalidRequest) {
            _ = try Request(json)
            Issue.record("accepted")
        } catch {
            #expect(id(error.id) == answerTo)
            #expect(error.error.kind == .invalidRequest)
        }
    }

    @Test(
        "methods are found by their bytes alone",
        arguments: [
            "getstatus", "getStatus ", "get\u{FEFF}Status", "", "rpc.", "rpc.Discover", "cre\u{301}ateProject",
            "getStatu\u{17F}",
        ])
    func unknownMethods(_ name: String) throws {
        let json = try parseJSON("\"\(name)\"")
        #expect { try MethodTable.standard.entry(named: json) } throws: { ($0 as? RPCError)?.kind == .methodNotFound }
    }

    @Test("every method is found, also when its name is written with escapes")
    func knownMethods() throws {
        for entry in MethodTable.standard.entries {
            #expect(try MethodTable.standard.entry(named: parseJSON("\"\(entry.name)\"")).name == entry.name)
            let escaped = entry.name.utf8.map { "\\u00" + String($0, radix: 16) }.joined()
            #expect(try MethodTable.standard.entry(named: parseJSON("\"\(escaped)\"")).name == entry.name)
        }
    }
}
