internal import LifecycleCore
internal import Testing

@Suite("JSON values, depth and duplicate names")
struct JSONStructureTests {
    @Test(
        "a value tells its kind",
        arguments: [
            ("{}", .object), ("[]", .array), ("\"\"", .string), ("0", .number), ("-1", .number), ("true", .true),
            ("false", .false), ("null", .null),
        ] as [(String, JSONValue.Kind)])
    func kinds(text: String, kind: JSONValue.Kind) throws {
        let root = try parseJSON(text)
        #expect(root.kind == kind)
        #expect(root.bool == (kind == .true ? true : kind == .false ? false : nil))
        #expect((root.string != nil) == (kind == .string))
        #expect((root.integer != nil) == (kind == .number))
    }

    @Test("members and elements come in the order of the text, whatever they contain")
    func children() throws {
        let root = try parseJSON(#" {"a":[1,[2,{"x":3}],{}],"\u0062":{"y":[]},"c":null,"":""} "#)
        #expect(root.count == 4)
        #expect(root.members.map { $0.name.string } == ["a", "b", "c", ""])
        #expect(root.members.map { $0.value.kind } == [.array, .object, .null, .string])
        #expect(root.elements.map(\.kind) == [])
        let array = try #require(root["a"])
        #expect(array.count == 3)
        #expect(array.elements.map { String(decoding: $0.raw, as: UTF8.self) } == ["1", #"[2,{"x":3}]"#, "{}"])
        #expect(array.members.map { $0.name.string } == [])
        #expect(root["b"]?["y"]?.count == 0)
        #expect(root["c"]?.kind == .null)
        #expect(root[""]?.string == "")
        #expect(root["x"] == nil && root["d"] == nil && array["a"] == nil && root["c"]?["a"] == nil)
        #expect(try parseJSON("5").count == 0 && parseJSON("\"abc\"").count == 0)
    }

    @Test(
        "a value keeps its bytes exactly",
        arguments: ["9007199254740993", "1e400", "1.0", "-0", #""\u0061""#, "null", "[ 1 , 2 ]", #"{ "a" : 1 }"#])
    func raw(text: String) throws {
        #expect(try String(decoding: parseJSON(" \(text) ").raw, as: UTF8.self) == text)
        #expect(
            try parseJSON(#"{"id" : \#(text) , "x":1}"#)["id"].map { String(decoding: $0.raw, as: UTF8.self) } == text)
        #expect(
            try parseJSON("[[ \(text) ]]").elements.map { String(decoding: $0.raw, as: UTF8.self) } == ["[ \(text) ]"])
    }

    @Test("minified text has no white space but in strings")
    func minified() throws {
        let root = try parseJSON(" { \"a b\" : [ 1.0 ,\t\" \\\" \\\\\" , { } ]\r\n, \"\\u0020\": true } ")
        #expect(String(decoding: root.minified(), as: UTF8.self) == #"{"a b":[1.0," \" \\",{}],"\u0020":true}"#)
        #expect(root["a b"].map { String(decoding: $0.minified(), as: UTF8.self) } == #"[1.0," \" \\",{}]"#)
        #expect(try String(decoding: parseJSON("  1e2 ").minified(), as: UTF8.self) == "1e2")
    }

    @Test("depth 64 is accepted and 65 is not", arguments: [("[", "]"), (#"{"a":"#, "}"), (#"[{"a":"#, "}]")])
    func depth(opening: String, closing: String) {
        let each = closing.utf8.count
        func nested(_ depth: Int) -> String {
            let inner = depth % each == 0 ? "1" : "[1]"
            return String(repeating: opening, count: depth / each) + inner
                + String(repeating: closing, count: depth / each)
        }
        #expect(JSONDocument.defaultMaximumDepth == 64)
        #expect(syntaxError(nested(64)) == nil)
        #expect(syntaxError(nested(65)) != nil)
        #expect(syntaxError("[\(nested(63)),\(nested(63)),{},[]]") == nil)
        #expect(syntaxError("[[],\(nested(64))]") != nil)
    }

    @Test("the maximum depth can be chosen, down to none")
    func otherDepths() throws {
        #expect(throws: JSONSyntaxError.self) { try JSONDocument(parsing: Array("[]".utf8), maximumDepth: 0) }
        #expect(throws: JSONSyntaxError.self) { try JSONDocument(parsing: Array("{}".utf8), maximumDepth: -1) }
        #expect(throws: JSONSyntaxError.self) { try JSONDocument(parsing: Array("[[]]".utf8), maximumDepth: 1) }
        #expect(try JSONDocument(parsing: Array("1".utf8), maximumDepth: 0).root.integer == 1)
        #expect(try JSONDocument(parsing: Array("[[],[]]".utf8), maximumDepth: 2).root.count == 2)
    }

    @Test("a million brackets need no stack", .timeLimit(.minutes(60)))
    func deepText() throws {
        let half = 500_000
        let text = [UInt8](repeating: 0x5B, count: half) + [UInt8](repeating: 0x5D, count: half)
        #expect(throws: JSONSyntaxError.self) { try JSONDocument(parsing: text) }
        #expect(throws: JSONSyntaxError.self) { try JSONDocument(parsing: Array(text.dropLast()), maximumDepth: half) }
        let document = try JSONDocument(parsing: text, maximumDepth: half)
        #expect(document.root.raw.count == text.count && document.root.count == 1)
    }

    @Test(
        "a duplicate name is an error at any level and in any spelling",
        arguments: [
            #"{"a":1,"a":1}"#, #"{"a":1,"b":2,"a":3}"#, #"{"":1,"":2}"#, #"{"a":1,"\u0061":2}"#, #"{"\u0061":1,"a":2}"#,
            #"{"\u0061":1,"\u0061":2}"#, #"{"\n":1,"\u000A":2}"#, #"{"\/":1,"/":2}"#, #"{"é":1,"\u00e9":2}"#,
            #"{"😀":1,"\ud83d\ude00":2}"#, #"[{"x":{"a":[],"b":{},"a":null}}]"#, #"{"a":{"a":{"b":1,"b":2}}}"#,
            #"{"a":{"x":1},"b":[1,2],"a":{}}"#, #"{"\u0000":1,"\u0000":2}"#,
        ])
    func duplicates(text: String) {
        #expect(syntaxError(text)?.reason == "duplicate member name")
    }

    @Test(
        "names that only look alike are different",
        arguments: [
            #"{"a":1,"A":2}"#, #"{"a":1,"aa":2,"":3}"#, "{\"\u{E9}\":1,\"e\u{301}\":2}", #"{"a":{"a":{"a":1}}}"#,
            #"[{"a":1},{"a":2}]"#, #"{"a":"b","b":"a"}"#, #"{"a":["b","b"],"b":1}"#, #"{"\\u0061":1,"a":2}"#,
            #"{"a\u0000":1,"a":2}"#, #"{"K":1,"\u212A":2}"#,
        ])
    func notDuplicates(text: String) {
        #expect(syntaxError(text) == nil)
    }

    @Test("a duplicate is found in objects of every size", arguments: [1, 2, 15, 16, 17, 18, 31, 32, 33, 64, 65, 1000])
    func sizes(count: Int) throws {
        let members = (0..<count).map { #""k\#($0)":{"k0":[\#($0)]}"# }
        #expect(try parseJSON("{\(members.joined(separator: ","))}").count == count)
        for twin in Set([0, count / 2, count - 1]) {
            for spelling in ["\"k\(twin)\":1", "\"\\u006b\(twin)\":1"] {
                let text = "{\((members + [spelling]).joined(separator: ","))}"
                #expect(syntaxError(text)?.reason == "duplicate member name", "\(spelling) after \(count)")
            }
        }
    }

    @Test("an object of 100 000 members is checked in little time", .timeLimit(.minutes(60)))
    func manyMembers() throws {
        let members = (0..<100_000).map { "\"\($0)\":0" }.joined(separator: ",")
        #expect(try parseJSON("{\(members)}").count == 100_000)
        #expect(syntaxError("{\(members),\"77777\":0}")?.reason == "duplicate member name")
        let escaped = (0..<20_000).map { "\"\\u0061\($0)\":0" }.joined(separator: ",")
        #expect(try parseJSON("{\(escaped)}").count == 20_000)
        #expect(syntaxError("{\(escaped),\"a7777\":0}")?.reason == "duplicate member name")
    }
}
