extension JSONScanner {
    /// Scans a string whose opening quotation mark is at the position.
    mutating func scanString(_ text: Span<UInt8>) throws(JSONSyntaxError) {
        let start = position
        var hasEscapes = false
        position &+= 1
        while true {
            position = ByteRun.endOfPlainASCII(in: text, from: position)
            guard position < text.count else { throw failure("text ends inside a string") }
            switch text[position] {
            case UInt8(ascii: "\""):
                position &+= 1
                append(JSONToken(start: start, end: position, hasEscapes: hasEscapes, next: tape.count &+ 1))
                return
            case UInt8(ascii: "\\"):
                hasEscapes = true
                try scanEscape(text)
            case 0x80...:
                guard let length = UTF8Validation.sequenceLength(in: text, at: position) else {
                    throw failure("invalid UTF-8")
                }
                position &+= length
            default:
                throw failure("raw control character in a string")
            }
        }
    }

    private mutating func scanEscape(_ text: Span<UInt8>) throws(JSONSyntaxError) {
        let start = position
        position &+= 1
        switch byte(text) {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            position &+= 1
        case UInt8(ascii: "u"):
            position &+= 1
            let unit = try scanHexUnit(text)
            if UTF16.isTrailSurrogate(unit) { throw failure("lone surrogate", at: start) }
            if UTF16.isLeadSurrogate(unit) { try scanTrailSurrogate(text, after: start) }
        default:
            throw failure("invalid escape", at: start)
        }
    }

    private mutating func scanTrailSurrogate(_ text: Span<UInt8>, after start: Int) throws(JSONSyntaxError) {
        guard byte(text) == UInt8(ascii: "\\") else { throw failure("lone surrogate", at: start) }
        position &+= 1
        guard byte(text) == UInt8(ascii: "u") else { throw failure("lone surrogate", at: start) }
        position &+= 1
        guard UTF16.isTrailSurrogate(try scanHexUnit(text)) else { throw failure("lone surrogate", at: start) }
    }

    private mutating func scanHexUnit(_ text: Span<UInt8>) throws(JSONSyntaxError) -> UInt16 {
        var unit: UInt16 = 0
        for _ in 0..<4 {
            guard let digit = JSONStringDecoder.hexDigit(byte(text)) else { throw failure("invalid escape") }
            unit = unit << 4 | digit
            position &+= 1
        }
        return unit
    }
}
