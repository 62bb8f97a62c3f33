internal import LifecycleCore
internal import Testing

@Suite("JSON grammar")
struct JSONGrammarTests {
    @Test("a valid text is accepted", arguments: JSONCorpus.all)
    func valid(text: String) throws {
        #expect(syntaxError(text) == nil)
    }

    @Test("white space between tokens changes nothing", arguments: JSONCorpus.all)
    func whiteSpace(text: String) throws {
        let plain = try canonicalForm(of: parseJSON(text))
        for filler in [" ", "\t", "\r", "\n", " \t\r\n \n"] {
            let spread = insertingBetweenTokens(of: Array(text.utf8), filler: Array(filler.utf8))
            #expect(try canonicalForm(of: parseJSON(spread)) == plain)
            #expect(try parseJSON(spread).minified() == parseJSON(text).minified())
        }
    }

    @Test("every prefix of a valid text is an error", arguments: JSONCorpus.all)
    func prefixes(text: String) {
        let bytes = Array(text.utf8)
        let end = (bytes.lastIndex { $0 > 0x20 } ?? 0)
        for length in 0...end {
            #expect(syntaxError(Array(bytes.prefix(length))) != nil, "the first \(length) bytes")
        }
    }

    @Test(
        "what is not exactly one value is an error",
        arguments: [
            "", " ", "\n", " \t\r\n", "1 2", "{} {}", "[] []", "[]]", "{}}", "null,", ",", ":", "]", "}", "[}", "{]",
            "[1}", #"{"a":1]"#, "\"a\"\"b\"", "true false", "truefalse", "nullnull", "1true", "// x\n1", "1 // x",
            "/**/1", "[1/**/]", "# 1", "1;", "(1)", "'a'", "undefined", "a",
        ])
    func notOneValue(text: String) {
        #expect(syntaxError(text) != nil)
    }

    @Test(
        "a misplaced comma, colon or name is an error",
        arguments: [
            "[1,]", "[,1]", "[,]", "[1,,2]", "[1 2]", "[1:2]", #"["a":1]"#, #"{"a":1,}"#, #"{,"a":1}"#, "{,}",
            #"{"a":1,,"b":2}"#, #"{"a":1 "b":2}"#, #"{"a" 1}"#, #"{"a"}"#, #"{"a":}"#, #"{"a"::1}"#, #"{"a",1}"#,
            "{a:1}", "{1:1}", "{null:1}", "{[]:1}", "{'a':1}", #"{"a":1:2}"#, #"{:1}"#, #"{"a"="b"}"#,
        ])
    func misplaced(text: String) {
        #expect(syntaxError(text) != nil)
    }

    @Test(
        "a literal in other letters is an error",
        arguments: [
            "True", "TRUE", "tru", "truE", "truee", "False", "fals", "falsE", "Null", "nul", "nulL", "nil", "none", "t",
            "f", "n", "NaN", "nan", "Infinity", "-Infinity", "inf", "-inf", "+Infinity",
        ])
    func literals(text: String) {
        #expect(syntaxError(text) != nil)
        #expect(syntaxError("[\(text)]") != nil)
        #expect(syntaxError(#"{"a":\#(text)}"#) != nil)
    }

    @Test(
        "a number outside the grammar is an error",
        arguments: [
            "+1", ".5", "1.", "-", "-.5", "-.", "01", "00", "-01", "-00", "0123", "1e", "1e+", "1e-", "1E", "1.e1",
            "1.5e", "1e1.5", "1.2.3", "--1", "+-1", "-+1", "1-", "1+1", "0x10", "0b1", "1_000", "1 000", "1,5", "1f",
            "١", "１", "- 1", "1e 1", "0e", "e1", ".e1",
        ])
    func numbers(text: String) {
        #expect(syntaxError(text) != nil)
        #expect(syntaxError("{\"a\":\(text)}") != nil)
    }

    @Test("a byte that is neither grammar nor white space is an error around a value", arguments: UInt8.min...UInt8.max)
    func strayBytes(byte: UInt8) {
        let isWhiteSpace = [0x20, 0x09, 0x0A, 0x0D].contains(byte)
        #expect((syntaxError([byte] + Array("[]".utf8)) == nil) == isWhiteSpace)
        #expect((syntaxError(Array("[]".utf8) + [byte]) == nil) == isWhiteSpace)
        #expect((syntaxError([0x5B, byte, 0x5D]) == nil) == (isWhiteSpace || (0x30...0x39).contains(byte)))
    }

    @Test(
        "a byte order mark, UTF-16 and UTF-32 are errors",
        arguments: [
            [0xEF, 0xBB, 0xBF, 0x5B, 0x5D], [0xEF, 0xBB, 0xBF], [0xFE, 0xFF, 0x00, 0x31], [0xFF, 0xFE, 0x31, 0x00],
            [0x31, 0x00], [0x00, 0x31], [0x00, 0x00, 0x00, 0x31], [0x31, 0x00, 0x00, 0x00],
            [0xEF, 0xBB, 0xBF, 0xEF, 0xBB, 0xBF], [0x5B, 0xEF, 0xBB, 0xBF, 0x5D], [0xC2, 0xA0, 0x31],
            [0xE2, 0x80, 0xA8, 0x31], [0x31, 0xC2, 0x85],
        ] as [[UInt8]])
    func otherEncodings(bytes: [UInt8]) {
        #expect(syntaxError(bytes) != nil)
    }

    @Test(
        "an error tells where it is",
        arguments: [
            ("", 0), ("[1,]", 3), ("[1 2]", 3), ("[1", 2), (#"{"a":1,"a":2}"#, 7), (#"["\x"]"#, 2),
            (#"["\ud800"]"#, 2), ("[01]", 1), ("1 2", 2), (#"{"a":1,"b":{"c":1,"\u0063":2}}"#, 18), ("tru", 3),
            ("\u{FEFF}1", 0),
        ])
    func offsets(text: String, offset: Int) {
        #expect(syntaxError(text)?.offset == offset)
        #expect(syntaxError(text)?.reason.isEmpty == false)
    }

    private func insertingBetweenTokens(of text: [UInt8], filler: [UInt8]) -> [UInt8] {
        var result = filler
        var inString = false
        var escaped = false
        for byte in text {
            let isStructural = !inString && "[]{},:".utf8.contains(byte)
            if isStructural { result += filler }
            result.append(byte)
            if isStructural { result += filler }
            if escaped {
                escaped = false
            } else if inString && byte == UInt8(ascii: "\\") {
                escaped = true
            } else if byte == UInt8(ascii: "\"") {
                inString.toggle()
            }
        }
        return result + filler
    }
}
