extension JSONScanner {
    /// Scans a number that begins with a digit or a minus sign. It does not check what follows the number.
    mutating func scanNumber(_ text: Span<UInt8>) throws(JSONSyntaxError) {
        let start = position
        if byte(text) == UInt8(ascii: "-") { position &+= 1 }
        if byte(text) == UInt8(ascii: "0") {
            position &+= 1
            if Self.isDigit(byte(text)) { throw failure("number with a leading zero", at: start) }
        } else {
            try scanDigits(text)
        }
        if byte(text) == UInt8(ascii: ".") {
            position &+= 1
            try scanDigits(text)
        }
        if byte(text) | 0x20 == UInt8(ascii: "e") {
            position &+= 1
            if byte(text) == UInt8(ascii: "+") || byte(text) == UInt8(ascii: "-") { position &+= 1 }
            try scanDigits(text)
        }
        append(JSONToken(start: start, end: position, next: tape.count &+ 1))
    }

    private mutating func scanDigits(_ text: Span<UInt8>) throws(JSONSyntaxError) {
        guard Self.isDigit(byte(text)) else { throw failure("number without a digit") }
        repeat { position &+= 1 } while Self.isDigit(byte(text))
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        byte &- UInt8(ascii: "0") < 10
    }
}
