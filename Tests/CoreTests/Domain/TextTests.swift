internal import LifecycleCore
internal import Testing

@Suite("Texts")
struct TextTests {
    @Test(
        "are cut between scalars, never inside of one",
        arguments: [
            ("", 0, ""), ("abc", 3, "abc"), ("abc", 2, "ab"), ("abc", 0, ""), ("é", 1, ""), ("é", 2, "é"),
            ("aé", 2, "a"),
            ("a€b", 3, "a"), ("a€b", 4, "a€"), ("\u{1F4A5}", 3, ""), ("\u{1F4A5}\u{1F4A5}", 7, "\u{1F4A5}"),
            ("e\u{301}", 1, "e"), ("e\u{301}", 2, "e"), ("\u{0}\u{0}", 1, "\u{0}"),
        ])
    func shortened(_ text: String, _ limit: Int, _ expected: String) {
        let short = text.shortened(to: limit)
        #expect(Array(short.utf8) == Array(expected.utf8))
        #expect(Array(text.utf8).starts(with: short.utf8))
    }

    @Test("are cut at the last place possible, for every text and limit")
    func shortenedProperty() {
        let text = "aé€\u{1F4A5}e\u{301}\u{1F468}\u{200D}\u{1F4BB}z"
        let ends = text.unicodeScalars.reduce(into: [0]) { $0.append(($0.last ?? 0) + String($1).utf8.count) }
        for limit in 0...text.utf8.count + 2 {
            #expect(text.shortened(to: limit).utf8.count == ends.last { $0 <= limit })
        }
    }

    @Test(
        "are compared by their bytes",
        arguments: [
            ("", "", true), ("a", "a", true), ("a", "b", false), ("a", "a\u{0}", false),
            ("caf\u{E9}", "caf\u{E9}", true),
            ("caf\u{E9}", "cafe\u{301}", false), ("K", "\u{212A}", false), ("\u{AC00}", "\u{1100}\u{1161}", false),
        ])
    func sameBytes(_ a: String, _ b: String, _ same: Bool) {
        #expect(a.hasSameBytes(as: b) == same)
        #expect(Optional(a).hasSameBytes(as: Optional(b)) == same)
        #expect(!Optional(a).hasSameBytes(as: nil))
    }

    @Test("no text is as no text")
    func bothAbsent() {
        #expect(Optional<String>.none.hasSameBytes(as: nil))
        #expect(!Optional<String>.none.hasSameBytes(as: ""))
    }
}
