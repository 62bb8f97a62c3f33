extension PeerText {
    /// `text` with escapes in the place of all characters that control a terminal. For whole messages, at the place
    /// where they are printed. Escapes that the message has already stay as they are.
    /// - Parameter keepsLines: LF is not escaped.
    package static func visible(_ text: String, keepsLines: Bool = false) -> String {
        guard text.utf8.anySatisfies({ $0 < 0x20 || $0 >= 0x7F }) else { return text }
        var visible = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            if !isInvisible(scalar) || (keepsLines && scalar == "\n") {
                visible.append(scalar)
            } else {
                visible.append(contentsOf: escape(scalar).unicodeScalars)
            }
        }
        return String(visible)
    }

    private static func escape(_ scalar: Unicode.Scalar) -> String {
        switch scalar {
        case "\n": "\\n"
        case "\r": "\\r"
        case "\t": "\\t"
        default: "\\u{\(String(scalar.value, radix: 16))}"
        }
    }

    /// The same JSON with escapes in the place of invisible characters. A strict JSON text has such characters only in
    /// strings.
    package static func visibleJSON(_ text: String) -> String {
        var visible = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            if scalar == "\n" || !isInvisible(scalar) {
                visible.append(scalar)
            } else {
                for unit in UTF16.encode(scalar) ?? UTF16.encodedReplacementCharacter {
                    let digits = String(unit, radix: 16)
                    let zeros = String(repeating: "0", count: 4 - digits.count)
                    visible.append(contentsOf: "\\u\(zeros)\(digits)".unicodeScalars)
                }
            }
        }
        return String(visible)
    }
}
