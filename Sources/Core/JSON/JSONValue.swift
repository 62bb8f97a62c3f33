/// A value inside a `JSONDocument`, which it keeps alive. Cheap to copy; decodes on every access.
package struct JSONValue: Sendable {
    package enum Kind: Sendable {
        case object, array, string, number, `true`, `false`, null
    }

    let document: JSONDocument
    let index: Int

    var token: JSONToken { document.tape[index] }

    package var kind: Kind {
        switch document.bytes[token.start] {
        case UInt8(ascii: "{"): .object
        case UInt8(ascii: "["): .array
        case UInt8(ascii: "\""): .string
        case UInt8(ascii: "t"): .true
        case UInt8(ascii: "f"): .false
        case UInt8(ascii: "n"): .null
        default: .number
        }
    }

    /// The bytes of this value exactly as they stand in the text, without white space around.
    package var raw: ArraySlice<UInt8> { document.bytes[token.start..<token.end] }

    /// The decoded text of a string, nil for another kind. May hold U+0000.
    package var string: String? {
        guard kind == .string else { return nil }
        let text = document.bytes
        if token.hasEscapes {
            return String(decoding: JSONStringDecoder.decode(token, text.span), as: UTF8.self)
        }
        return String(decoding: text[token.content], as: UTF8.self)
    }

    /// A number that is an integer within ±(2^53 − 1), computed without rounding: `1`, `1.0` and `100e-2` are 1.
    /// Nil for a fraction, for a greater number and for another kind.
    package var integer: Int64? {
        guard kind == .number else { return nil }
        let text = document.bytes
        return JSONNumber.integer(text.span.extracting(token.start..<token.end))
    }

    /// The same from −2^63 to 2^63 − 1: sums over many users may be so great.
    package var int64: Int64? {
        guard kind == .number else { return nil }
        let text = document.bytes
        return JSONNumber.int64(text.span.extracting(token.start..<token.end))
    }

    /// The nearest `Double` to a number. Nil when it is too great for one (`1e400`) and for another kind.
    package var double: Double? {
        kind == .number ? JSONNumber.double(raw) : nil
    }

    /// Nil for another kind.
    package var bool: Bool? {
        switch kind {
        case .true: true
        case .false: false
        default: nil
        }
    }

    /// Whether this is a string that decodes to exactly these bytes. Does not allocate.
    package func isString(_ literal: StaticString) -> Bool {
        literal.withUTF8Buffer { isString(utf8: $0.span) }
    }

    /// Whether this is a string with exactly these UTF-8 bytes; canonically equivalent ones are different.
    package func isString(_ literal: String) -> Bool {
        literal.utf8.withContiguousStorageIfAvailable { isString(utf8: $0.span) }
            ?? isString(utf8: Array(literal.utf8).span)
    }

    private func isString(utf8 bytes: Span<UInt8>) -> Bool {
        guard kind == .string else { return false }
        let text = document.bytes
        return JSONStringDecoder.isEqual(token, text.span, to: bytes)
    }

    /// This value's text without insignificant white space; everything else stays byte for byte.
    package func minified() -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(raw.count)
        var inString = false
        var escaped = false
        for byte in raw {
            if inString {
                if escaped {
                    escaped = false
                } else if byte == UInt8(ascii: "\\") {
                    escaped = true
                } else if byte == UInt8(ascii: "\"") {
                    inString = false
                }
            } else if byte == UInt8(ascii: "\"") {
                inString = true
            } else if byte <= 0x20 {
                continue
            }
            result.append(byte)
        }
        return result
    }
}
