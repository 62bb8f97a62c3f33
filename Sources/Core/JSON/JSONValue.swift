/// A value in a `JSONDocument`, which it keeps alive. Cheap to copy. It decodes on every access.
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

    /// The bytes of this value as in the text, without white space around them.
    package var raw: ArraySlice<UInt8> { document.bytes[token.start..<token.end] }

    /// The decoded text of a string, which may contain U+0000. `nil` for another kind.
    package var string: String? {
        guard kind == .string else { return nil }
        let text = document.bytes
        if token.hasEscapes {
            return String(decoding: JSONStringDecoder.decode(token, text.span), as: UTF8.self)
        }
        return String(decoding: text[token.content], as: UTF8.self)
    }

    /// The value of a number that is an integer within ±(2^53 − 1), without rounding: `1`, `1.0` and `100e-2` are 1.
    /// `nil` for a fraction, for a greater number and for another kind.
    package var integer: Int64? {
        guard kind == .number else { return nil }
        let text = document.bytes
        return JSONNumber.integer(text.span.extracting(token.start..<token.end))
    }

    /// As `integer`, for −2^63 to 2^63 − 1. Sums over many users may need that range.
    package var int64: Int64? {
        guard kind == .number else { return nil }
        let text = document.bytes
        return JSONNumber.int64(text.span.extracting(token.start..<token.end))
    }

    /// The nearest `Double` to a number. `nil` if it is infinite (`1e400`), and for another kind.
    package var double: Double? {
        kind == .number ? JSONNumber.double(raw) : nil
    }

    /// `nil` for another kind.
    package var bool: Bool? {
        switch kind {
        case .true: true
        case .false: false
        default: nil
        }
    }

    /// Whether this is a string that decodes to these bytes. Does not allocate.
    package func isString(_ literal: StaticString) -> Bool {
        literal.withUTF8Buffer { isString(utf8: $0.span) }
    }

    /// Whether this is a string with these UTF-8 bytes. Canonically equivalent strings are different.
    package func isString(_ literal: String) -> Bool {
        literal.utf8.withContiguousStorageIfAvailable { isString(utf8: $0.span) }
            ?? isString(utf8: Array(literal.utf8).span)
    }

    private func isString(utf8 bytes: Span<UInt8>) -> Bool {
        guard kind == .string else { return false }
        let text = document.bytes
        return JSONStringDecoder.isEqual(token, text.span, to: bytes)
    }

    /// The text of this value without white space between values. All other bytes are unchanged.
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
