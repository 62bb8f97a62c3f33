/// Finds the end of a run of bytes that need no special treatment, 8 bytes at a time.
enum ByteRun {
    private static let ones: UInt64 = 0x0101_0101_0101_0101
    private static let highBits: UInt64 = 0x8080_8080_8080_8080

    /// The first byte from `start` on that is not ASCII, a control character, `"` or `\`. The end of the text if there
    /// is none.
    static func endOfPlainASCII(in text: Span<UInt8>, from start: Int) -> Int {
        var position = start
        while position &+ 8 <= text.count {
            let word = load(text, at: position)
            let marks = escaped(word) | (word & highBits)
            if marks != 0 { return position &+ marks.trailingZeroBitCount / 8 }
            position &+= 8
        }
        while position < text.count, !needsEscape(text[position]), text[position] < 0x80 { position &+= 1 }
        return position
    }

    /// The first byte from `start` on that must be escaped in a JSON string. The end of the text if there is none.
    static func endOfUnescaped(in text: Span<UInt8>, from start: Int) -> Int {
        var position = start
        while position &+ 8 <= text.count {
            let marks = escaped(load(text, at: position))
            if marks != 0 { return position &+ marks.trailingZeroBitCount / 8 }
            position &+= 8
        }
        while position < text.count, !needsEscape(text[position]) { position &+= 1 }
        return position
    }

    private static func needsEscape(_ byte: UInt8) -> Bool {
        byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
    }

    /// Sets the top bit of bytes that are control characters, `"` or `\`. A borrow can also set the bit of a byte above
    /// the first of them, never below, so only the lowest bit counts.
    private static func escaped(_ word: UInt64) -> UInt64 {
        let quote = word ^ (ones &* 0x22)
        let backslash = word ^ (ones &* 0x5C)
        let below = (word &- ones &* 0x20) & ~word
        return (below | ((quote &- ones) & ~quote) | ((backslash &- ones) & ~backslash)) & highBits
    }

    private static func load(_ text: Span<UInt8>, at position: Int) -> UInt64 {
        // Bounds are checked. The call is "unsafe" only for types that are not valid for all bit patterns.
        UInt64(littleEndian: text.bytes.unsafeLoadUnaligned(fromByteOffset: position, as: UInt64.self))
    }
}
