internal import LifecycleCore
internal import Testing

@Suite("JSON strings")
struct JSONStringTests {
    @Test(
        "a string decodes to its scalars",
        arguments: [
            (#""""#, ""), (#""abc""#, "abc"), (#""\"\\\/""#, "\"\\/"), (#""\b\f\n\r\t""#, "\u{8}\u{C}\n\r\t"),
            (#""a\nb""#, "a\nb"), (#""\u0041\u00e9\u00E9\u20AC""#, "Aéé€"), (#""\ud83d\ude00!""#, "😀!"),
            (#""\uD83D\uDE00""#, "😀"),
            (#""\uffff\uFFFE""#, "\u{FFFF}\u{FFFE}"),
            ("\"\u{7F}\u{80}\u{FFFF}\u{10FFFF}\"", "\u{7F}\u{80}\u{FFFF}\u{10FFFF}"),
            (#""\u007f\u0080\u07ff\u0800""#, "\u{7F}\u{80}\u{7FF}\u{800}"),
            (#""\ud800\udc00\udbff\udfff""#, "\u{10000}\u{10FFFF}"), (#""e\u0301""#, "e\u{301}"),
            (#""\\u0041""#, "\\u0041"), (#""\\\\\"""#, "\\\\\""),
        ])
    func decoding(text: String, expected: String) throws {
        let string = try #require(try parseJSON(text).string)
        #expect(Array(string.utf8) == Array(expected.utf8))
    }

    @Test("an escaped U+0000 is decoded: refusing it is for the layers above")
    func escapedNul() throws {
        #expect(try parseJSON(#""\u0000""#).string == "\u{0}")
        #expect(try parseJSON(#""a\u0000b""#).string == "a\u{0}b")
    }

    @Test("every scalar can be written as itself and as an escape")
    func everyScalar() throws {
        for first in stride(from: UInt32(0), through: 0x10FFFF, by: 0x800) {
            let scalars = (first..<first + 0x800).compactMap { Unicode.Scalar($0) }
            let plain = scalars.filter { $0.value >= 0x20 && $0 != "\"" && $0 != "\\" }
            var text = String(String.UnicodeScalarView(plain))
            #expect(try parseJSON("\"\(text)\"").string?.utf8.elementsEqual(text.utf8) ?? false, "from \(first)")

            let some = scalars.enumerated().filter { $0.offset % 31 == 0 || $0.offset > 0x7FC }.map(\.element)
            let escapes = some.flatMap { Array(String($0).utf16) }.map { unit in
                "\\u" + String(repeating: "0", count: 4 - String(unit, radix: 16).count) + String(unit, radix: 16)
            }
            text = String(String.UnicodeScalarView(some))
            #expect(
                try parseJSON("\"\(escapes.joined())\"").string?.utf8.elementsEqual(text.utf8) ?? false, "from \(first)"
            )
        }
    }

    @Test("a raw control character in a string is an error, and allowed as an escape", arguments: UInt8(0)..<0x20)
    func controls(control: UInt8) throws {
        for length in 0...17 {  // Wherever the character stands in a group of 8 bytes.
            let before = [UInt8](repeating: 0x61, count: length)
            #expect(syntaxError([0x22] + before + [control] + before + [0x22])?.offset == length + 1)
        }
        let escape = #""\u00\#(hexadecimal([control]))""#
        #expect(try parseJSON(escape).string?.utf8.elementsEqual([control]) ?? false)
    }

    @Test("the byte that ends a run of plain text is found wherever it stands", arguments: 0...33)
    func runs(length: Int) throws {
        let plain = String(repeating: "~", count: length)
        for (written, meant) in [
            ("", ""), (#"\""#, "\""), (#"\\"#, "\\"), ("é", "é"), ("\u{7F}", "\u{7F}"), ("!#[]^", "!#[]^"),
        ] {
            let root = try parseJSON("[\"\(plain)\(written)\(plain)\",1]")
            #expect(root.elements.map { $0.string } == [plain + meant + plain, nil])
        }
    }

    @Test(
        "a bad escape is an error",
        arguments: [
            #""\x""#, #""\a""#, #""\v""#, #""\0""#, #""\'""#, #""\N""#, #""\U0041""#, #""\ ""#, #""\"#, #""\""#,
            #""\u""#, #""\u1""#, #""\u12""#, #""\u123""#, #""\u123g""#, #""\u 123""#, #""\u+123""#, #""\u-123""#,
            #""\u{41}""#, #""\uÀ000""#, #""\u00:0""#, #""\u00@0""#, #""\u00`0""#, "\"\\é\"",
        ])
    func badEscapes(text: String) {
        #expect(syntaxError(text) != nil)
        #expect(syntaxError("[\(text)]") != nil)
    }

    @Test("eight characters may follow a backslash, and u")
    func escapeLetters() {
        for byte in UInt8.min...UInt8.max {
            let isLetter = "\"\\/bfnrt".utf8.contains(byte)
            #expect((syntaxError([0x22, 0x5C, byte, 0x22]) == nil) == isLetter, "byte \(byte)")
        }
    }

    @Test(
        "a lone surrogate is an error",
        arguments: [
            #""\ud800""#, #""\udbff""#, #""\udc00""#, #""\udfff""#, #""\ud800x""#, #""\ud800\n""#, #""\ud800\u0041""#,
            #""\ud800\ud800""#, #""\udc00\ud800""#, #""\ud83d\ude00\ude00""#, #""\ud83d\ud83d\ude00""#, #""\uD83D""#,
            #""\ud800\"#, #""\ud800\u"#, #""\ud800\udc0""#, #""\ud800\\udc00""#, #""\ud800 \udc00""#,
            #""\ud800\uDBFF""#, #""\ud800\ue000""#,
        ])
    func loneSurrogates(text: String) {
        #expect(syntaxError(text) != nil)
        #expect(syntaxError("{\(text):1}") != nil)
    }

    @Test("bytes in a string are accepted exactly when they are valid UTF-8", arguments: UInt8(0x80)...0xFF)
    func utf8(lead: UInt8) {
        // The ends of every range in Unicode's table of well-formed sequences, and the bytes next to them.
        let seconds: [UInt8] = [0x20, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xED, 0xFF]
        let others: [UInt8] = [0x7F, 0x80, 0xBF, 0xC0]
        var sequences: [[UInt8]] = [[lead]]
        for second in seconds {
            sequences.append([lead, second])
            for third in others {
                sequences.append([lead, second, third])
                for fourth in others { sequences.append([lead, second, third, fourth]) }
            }
        }
        for sequence in sequences {
            let isValid = String(validating: sequence, as: UTF8.self) != nil
            let failure = syntaxError([0x22] + sequence + [0x22])
            #expect((failure == nil) == isValid, "\(hexadecimal(sequence))")
            #expect(syntaxError([0x22] + sequence) != nil, "\(hexadecimal(sequence)) at the end of the text")
        }
    }

    @Test("a string is compared with a literal by its decoded bytes")
    func literals() throws {
        let plain = try parseJSON(#""credits""#)
        #expect(plain.isString("credits" as StaticString) && plain.isString("credits" as String))
        #expect(!plain.isString("credit" as StaticString) && !plain.isString("creditss" as StaticString))
        #expect(!plain.isString("Credits" as String) && !plain.isString("" as StaticString))
        let escaped = try parseJSON(#""cr\u0065d\u0069ts""#)
        #expect(escaped.isString("credits" as StaticString) && escaped.isString("credits" as String))
        #expect(!escaped.isString("credit" as StaticString) && !escaped.isString("creditsx" as String))
        #expect(try parseJSON(#""\u0000""#).isString("\u{0}" as String))
        #expect(try parseJSON(#""""#).isString("" as StaticString) && parseJSON(#""""#).isString("" as String))
        // Canonically equivalent, equal for Swift's ==, and different here.
        #expect(
            try parseJSON("\"\u{E9}\"").isString("\u{E9}" as String)
                && !parseJSON("\"\u{E9}\"").isString("e\u{301}" as String))
        #expect(try !parseJSON("1").isString("1" as StaticString) && !parseJSON("null").isString("null" as String))
        #expect(try parseJSON(#""a""#).isString("a" as StaticString))
    }
}
