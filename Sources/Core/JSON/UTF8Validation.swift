/// Checks for well-formed UTF-8 (Unicode 16, table 3-7): no overlong forms, no surrogates, nothing above U+10FFFF.
enum UTF8Validation {
    /// The length, 2 to 4, of the sequence that begins at a byte of 0x80 or more. `nil` if it is ill-formed.
    static func sequenceLength(in text: Span<UInt8>, at start: Int) -> Int? {
        // Only the second byte has a range that depends on the first.
        let length: Int
        let second: ClosedRange<UInt8>
        switch text[start] {
        case 0xC2...0xDF: (length, second) = (2, 0x80...0xBF)
        case 0xE0: (length, second) = (3, 0xA0...0xBF)
        case 0xED: (length, second) = (3, 0x80...0x9F)
        case 0xE1...0xEF: (length, second) = (3, 0x80...0xBF)
        case 0xF0: (length, second) = (4, 0x90...0xBF)
        case 0xF1...0xF3: (length, second) = (4, 0x80...0xBF)
        case 0xF4: (length, second) = (4, 0x80...0x8F)
        default: return nil
        }
        guard length <= text.count &- start, second.contains(text[start &+ 1]) else { return nil }
        for offset in 2..<max(2, length) where text[start &+ offset] & 0xC0 != 0x80 {
            return nil
        }
        return length
    }
}
