import TestSupport

/// Makes texts that are nearly JSON out of texts that are.
struct JSONMutator {
    private static let corpus = JSONCorpus.all.map { Array($0.utf8) }
    private static let interesting: [[UInt8]] =
        [
            "{", "}", "[", "]", ",", ":", "\"", "\\", "\\u", "\\ud800", "\\udc00", "\\ud83d\\ude00", "\\u0000", "\\n",
            "0", "1", "-", "+", ".", "e", "E", "9007199254740992", "00", "true", "false", "null", "NaN", "Infinity",
            " ", "\t", "\r", "\n", "\u{0}", "\u{C}", "\u{1F}", "\u{7F}", "\u{A0}", "\u{FEFF}", "é", "😀", "/", "//",
            "\"a\":1,", "\"\\u0061\":2,", "[]", "{}", ",,", "\u{2028}", "e400", "e-1", ".0",
        ].map { Array($0.utf8) } + [
            [0x80], [0xC0], [0xC0, 0x80], [0xC3], [0xE0, 0x80, 0x80], [0xED, 0xA0, 0x80], [0xED, 0x9F, 0xBF],
            [0xF0, 0x80, 0x80, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xF4, 0x8F, 0xBF, 0xBF], [0xF5], [0xFE], [0xFF],
            [0xEF, 0xBB, 0xBF], [0xEF, 0xBF],
        ]

    private var random: SeededRandom

    init(seed: UInt64) { random = SeededRandom(seed: seed) }

    /// A text of the corpus with one to four mutations, never more than a few thousand bytes.
    mutating func next() -> [UInt8] {
        var text = corpusText()
        for _ in 0..<below(4) + 1 { mutate(&text) }
        return text
    }

    private mutating func mutate(_ text: inout [UInt8]) {
        let place = below(text.count + 1)
        switch below(8) {
        case 0:
            if place < text.count { text[place] ^= 1 << UInt8(below(8)) }
        case 1:
            text.insert(contentsOf: Self.interesting[below(Self.interesting.count)], at: place)
        case 2:
            if place < text.count { text[place] = UInt8(below(256)) }
        case 3:
            text.removeSubrange(place..<min(text.count, place + 1 + below(4)))
        case 4:
            text.removeSubrange(place...)
        case 5:
            let other = corpusText()
            text.replaceSubrange(place..., with: other[below(other.count)...])
        case 6:
            let run = text[place..<min(text.count, place + 1 + below(24))]
            for _ in 0...below(3) { text.insert(contentsOf: run, at: place) }
        default:
            if let found = text[place...].firstIndex(where: { "0\"[{,:".utf8.contains($0) }) {
                text.replaceSubrange(found...found, with: Self.interesting[below(Self.interesting.count)])
            }
        }
    }

    private mutating func corpusText() -> [UInt8] { Self.corpus[below(Self.corpus.count)] }

    private mutating func below(_ limit: Int) -> Int { Int(random.next() % UInt64(limit)) }
}
