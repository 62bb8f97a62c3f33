internal import LifecycleCore
internal import TestSupport
internal import Testing

@Suite("JSON writer")
struct JSONWriterTests {
    private func written(_ body: (inout JSONWriter) -> Void) -> String {
        var writer = JSONWriter()
        body(&writer)
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    @Test("commas stand between members and between elements, and nowhere else")
    func commas() {
        let text = written { writer in
            writer.beginObject()
            writer.key("jsonrpc")
            writer.string("2.0")
            writer.key("id")
            writer.raw(Array("1e400".utf8))
            writer.key("result")
            writer.beginObject()
            writer.key("empty")
            writer.beginObject()
            writer.endObject()
            writer.key("list")
            writer.beginArray()
            writer.integer(1)
            writer.null()
            writer.bool(true)
            writer.bool(false)
            writer.number(0.5)
            writer.beginArray()
            writer.endArray()
            writer.beginArray()
            writer.string("a" as StaticString)
            writer.string("b".dropFirst(0))
            writer.endArray()
            writer.beginObject()
            writer.key(escaping: "k\n\"")
            writer.integer(-5)
            writer.key("l")
            writer.raw("{}".utf8)
            writer.endObject()
            writer.endArray()
            writer.key("last")
            writer.null()
            writer.endObject()
            writer.endObject()
        }
        #expect(
            text == #"{"jsonrpc":"2.0","id":1e400,"result":{"empty":{},"list":[1,null,true,false,0.5,[],["a","b"],"#
                + #"{"k\n\"":-5,"l":{}}],"last":null}}"#)
        #expect(syntaxError(text) == nil)
    }

    @Test("several texts are separated by line feeds")
    func lines() {
        let text = written { writer in
            writer.newline()
            writer.beginObject()
            writer.endObject()
            writer.newline()
            writer.integer(1)
            writer.newline()
            writer.string("x\ny")
            writer.newline()
            writer.beginArray()
            writer.integer(2)
            writer.endArray()
            writer.newline()
        }
        #expect(text == "\n{}\n1\n\"x\\ny\"\n[2]\n")
    }

    @Test("what is written since a mark can be forgotten, comma included", arguments: [0, 512])
    func rewinding(capacity: Int) {
        var writer = JSONWriter(capacity: capacity)
        var mark = writer.mark
        writer.beginArray()
        writer.rewind(to: mark)
        #expect(writer.bytes.isEmpty)
        writer.beginArray()
        for _ in 0..<2 {
            mark = writer.mark
            writer.string("forgotten")
            writer.beginObject()
            writer.rewind(to: mark)
            writer.rewind(to: mark)
            writer.integer(1)
        }
        writer.endArray()
        #expect(String(decoding: writer.bytes, as: UTF8.self) == "[1,1]")
    }

    @Test("a text goes on after its beginning was taken out")
    func taking() {
        var writer = JSONWriter()
        writer.beginArray()
        writer.integer(1)
        #expect(writer.take() == Array("[1".utf8))
        #expect(writer.bytes.isEmpty && writer.take().isEmpty)
        writer.integer(2)
        writer.endArray()
        #expect(writer.take() == Array(",2]".utf8))
    }

    @Test("plain strings take commas like any other")
    func plain() {
        let text = written { writer in
            writer.beginArray()
            writer.plain(capacity: 1) { $0.append(0x61) }
            writer.plain(capacity: 0) { _ in }
            writer.integer(1)
            writer.endArray()
        }
        #expect(text == #"["a","",1]"#)
    }

    @Test(
        "an integer is written in plain decimal digits",
        arguments: [
            0, 1, -1, 9, 10, 11, 99, 100, 101, 12_345, 123_456, -987_654_321, 1_000_000, 9_007_199_254_740_991,
            -9_007_199_254_740_991, .max, .min,
        ] as [Int64])
    func integers(number: Int64) throws {
        let text = written { $0.integer(number) }
        #expect(text == String(number))
        let isSafe = number.magnitude <= 9_007_199_254_740_991
        #expect(try parseJSON(text).integer == (isSafe ? number : nil))
    }

    @Test(
        "a finite number reads back as the same number",
        arguments: [
            0, -0.0, 1, 0.1, 0.35, -1.5, 1e2, 1e15, 1e16, 1e17, 1e21, 1e-7, .leastNonzeroMagnitude,
            2.2250738585072014e-308, .greatestFiniteMagnitude, .pi, 1 / 3, 9_007_199_254_740_992, -123456.789,
        ] as [Double])
    func doubles(number: Double) throws {
        let text = written { $0.number(number) }
        #expect(try parseJSON(text).double?.bitPattern == number.bitPattern)
    }

    @Test("a number that JSON cannot hold is null", arguments: [Double.nan, .infinity, -.infinity, .signalingNaN])
    func notFinite(number: Double) {
        #expect(written { $0.number(number) } == "null")
    }

    @Test("random numbers read back as the same numbers")
    func randomNumbers() throws {
        var random = SeededRandom(seed: 11)
        for _ in 0..<2_000 {
            let double = Double(bitPattern: random.next())
            if double.isFinite { try doubles(number: double) }
            try integers(number: Int64(bitPattern: random.next()) >> Int64.random(in: 0..<64, using: &random))
        }
    }

    @Test(
        "only quotation mark, backslash and control characters are escaped",
        arguments: [
            ("", #""""#), ("plain", #""plain""#), ("\"", #""\"""#), ("\\", #""\\""#), ("/", #""/""#),
            ("\n\r\t\u{8}\u{C}", #""\n\r\t\b\f""#), ("\u{1}\u{B}\u{1F}", #""\u0001\u000b\u001f""#),
            ("\u{7F}\u{80}\u{2028}\u{2029}é😀", "\"\u{7F}\u{80}\u{2028}\u{2029}é😀\""), ("a\"b", #""a\"b""#),
            ("\"\"", #""\"\"""#), ("</script>", #""</script>""#), ("\r\n", #""\r\n""#),
        ])
    func escaping(text: String, expected: String) {
        #expect(written { $0.string(text) }.utf8.elementsEqual(expected.utf8))
        #expect(written { $0.string(Substring(text)) }.utf8.elementsEqual(expected.utf8))
        #expect(written { $0.key(escaping: text) }.utf8.elementsEqual("\(expected):".utf8))
    }

    @Test("every control character is escaped, in its short form where it has one")
    func controls() {
        let short: [UInt8: String] = [8: "b", 9: "t", 10: "n", 12: "f", 13: "r"]
        for control in UInt8(0)..<0x20 {
            let expected = "\"\\\(short[control] ?? "u00" + hexadecimal([control]))\""
            #expect(written { $0.string(String(Unicode.Scalar(control))) } == expected)
        }
    }

    @Test("a static string is escaped like any other")
    func staticString() {
        #expect(written { $0.string("a\"\\\n" as StaticString) } == #""a\"\\\n""#)
        #expect(written { $0.string("\"" as StaticString) } == #""\"""#)
    }

    @Test("a byte that needs an escape is found wherever it stands", arguments: 0...33)
    func runs(length: Int) throws {
        let plain = String(repeating: "é~", count: length)
        for special in ["\"", "\\", "\n", "\u{0}", "\u{1F}"] {
            let text = plain.dropFirst() + special + plain
            #expect(try parseJSON(written { $0.string(text) }).string?.utf8.elementsEqual(text.utf8) ?? false)
        }
    }

    @Test("every scalar survives writing and reading")
    func everyScalar() throws {
        for first in stride(from: UInt32(0), through: 0x10FFFF, by: 0x1000) {
            let text = String(String.UnicodeScalarView((first..<first + 0x1000).compactMap { Unicode.Scalar($0) }))
            #expect(
                try parseJSON(written { $0.string(text) }).string?.utf8.elementsEqual(text.utf8) ?? false,
                "from \(first)")
        }
    }

    @Test("random strings survive writing and reading, as names and as values")
    func randomStrings() throws {
        var random = SeededRandom(seed: 5)
        let ranges: [ClosedRange<UInt32>] = [
            0...0x1F, 0x20...0x7F, 0x22...0x22, 0x5C...0x5C, 0x80...0x7FF, 0x800...0xD7FF, 0xE000...0x10FFFF,
        ]
        for round in 0..<1_000 {
            var scalars = String.UnicodeScalarView()
            for _ in 0..<Int.random(in: 0...40, using: &random) {
                let range = ranges.randomElement(using: &random) ?? 0x20...0x7F
                scalars.append(contentsOf: Unicode.Scalar(UInt32.random(in: range, using: &random)).map { [$0] } ?? [])
            }
            let text = String(scalars)
            let root = try parseJSON(
                written { writer in
                    writer.beginObject()
                    writer.key(escaping: text)
                    writer.string(text)
                    writer.endObject()
                })
            for member in root.members {
                #expect(member.name.string?.utf8.elementsEqual(text.utf8) ?? false, "round \(round)")
                #expect(member.value.isString(text), "round \(round)")
            }
            #expect(root.count == 1)
        }
    }
}
