internal import LifecycleCore
internal import Testing

@Suite("Text from outside in logs")
struct PeerTextTests {
    @Test(
        "what could break a line or hide text is escaped",
        arguments: [
            ("plain text, ümläut 日本 🎬", "plain text, ümläut 日本 🎬"),
            ("a\nb", "a\\nb"), ("a\r\nb", "a\\r\\nb"), ("a\tb", "a\\tb"),
            ("\u{1b}[31mred", "\\u{1b}[31mred"), ("\0", "\\u{0}"), ("\u{7}\u{8}", "\\u{7}\\u{8}"),
            ("\u{7f}", "\\u{7f}"), ("\u{85}", "\\u{85}"), ("\u{9b}31m", "\\u{9b}31m"),
            ("\u{2028}\u{2029}", "\\u{2028}\\u{2029}"),
            ("\u{202e}txt.exe\u{202c}", "\\u{202e}txt.exe\\u{202c}"), ("\u{2066}\u{2069}", "\\u{2066}\\u{2069}"),
            ("\u{200e}\u{200f}\u{61c}", "\\u{200e}\\u{200f}\\u{61c}"), ("\u{feff}x\u{200b}", "\\u{feff}x\\u{200b}"),
            ("\u{e0041}", "\\u{e0041}"), ("\\n", "\\\\n"), ("e\u{301}", "e\u{301}"), ("", ""),
        ])
    func escaping(text: String, expected: String) {
        #expect(Array(PeerText.escaped(text).utf8) == Array(expected.utf8))
    }

    @Test(
        "a whole message loses only what a terminal would act on, and what was escaped before stays as it is",
        arguments: [
            (#"C:\x "q" é 日"#, #"C:\x "q" é 日"#), ("a\nb\tc\rd", #"a\nb\tc\rd"#), ("\u{1b}[2J", #"\u{1b}[2J"#),
            ("\u{9b}\u{202e}\u{e0041}", #"\u{9b}\u{202e}\u{e0041}"#), (#"\u{1b}[2J\\"#, #"\u{1b}[2J\\"#), ("", ""),
        ])
    func visible(text: String, expected: String) {
        #expect(PeerText.visible(text) == expected)
        #expect(PeerText.visible(expected) == expected)
        #expect(PeerText.visible("\(text)\n\u{7}", keepsLines: true).hasSuffix("\n" + #"\u{7}"#))
    }

    @Test("every control character of Unicode is escaped to printable ASCII")
    func allControls() {
        for scalar in (Array(0...0x1F) + Array(0x7F...0x9F)).compactMap(Unicode.Scalar.init) {
            let escaped = PeerText.escaped(String(Character(scalar)))
            #expect(escaped.utf8.allSatisfy { (0x20...0x7E).contains($0) })
            #expect(escaped.hasPrefix("\\"))
        }
    }

    @Test("a value of the full size is whole, one byte more is cut")
    func cap() {
        let full = String(repeating: "x", count: 200)
        #expect(PeerText.escaped(full) == full)
        #expect(PeerText.escaped(full + "x") == full + "…")
        #expect(PeerText.escaped("abcdef", maximumBytes: 3) == "abc…")
        #expect(PeerText.escaped("abc", maximumBytes: 0) == "…")
    }

    @Test("a value is cut between scalars and between escapes", arguments: 0...12)
    func capOnBoundary(maximumBytes: Int) {
        let whole = ["é", "日", "\\u{1b}", "z"]
        var expected = ""
        for piece in whole {
            guard expected.utf8.count + piece.utf8.count <= maximumBytes else {
                expected += "…"
                break
            }
            expected += piece
        }
        #expect(PeerText.escaped("é日\u{1b}z", maximumBytes: maximumBytes) == expected)
    }

    @Test("a value of megabytes is cut without being read to its end")
    func hugeValue() {
        let text = String(repeating: "\u{1b}", count: 4 << 20)
        #expect(PeerText.escaped(text).utf8.count <= 203)
    }

    @Test("a quoted part of a sentence cannot end its quotation, and a plain word needs none")
    func inSentences() {
        #expect(PeerText.quoted("GPU out of memory") == #""GPU out of memory""#)
        #expect(PeerText.quoted(##"x"; its 5 credits were kept; ""##) == ##""x\"; its 5 credits were kept; \"""##)
        #expect(PeerText.quoted("a\nb\\") == ##""a\nb\\""##)
        #expect(PeerText.quoted("abcdef", maximumBytes: 3) == #""abc…""#)
        #expect(PeerText.named("user-1@x.org") == "user-1@x.org")
        for text in ["", "ann; refunded", "a\"b", "é", "a,b", "(x)", String(repeating: "a", count: 201)] {
            #expect(PeerText.named(text) == PeerText.quoted(text))
        }
    }
}
