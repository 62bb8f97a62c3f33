/// Makes text of callers safe to show on one line of a terminal or a log.
package enum PeerText {
    /// The maximum length of one value in a log record, without the "…" of a value that was cut.
    package static let maximumValueBytes = 200

    /// `text` on one line and without invisible characters. If it is longer than `maximumBytes`, it is cut and gets
    /// "…".
    package static func escaped(_ text: String, maximumBytes: Int = maximumValueBytes) -> String {
        var bytes: [UInt8] = []
        append(text, to: &bytes, maximumBytes: maximumBytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Appends `text` as UTF-8, escaped and cut as in `escaped(_:maximumBytes:)`. An escape is never cut in two.
    /// - Parameter quotes: `"` is escaped too.
    package static func append(_ text: String, to bytes: inout [UInt8], maximumBytes: Int, quotes: Bool = false) {
        // Fast path: nearly every text is plain, and this runs on the event loop.
        if text.utf8.count <= maximumBytes, !text.utf8.anySatisfies({ !isPlain($0) }) {
            bytes.append(contentsOf: text.utf8)
            return
        }
        let start = bytes.count
        for scalar in text.unicodeScalars {
            let end = bytes.count
            append(scalar, to: &bytes, quotes: quotes)
            if bytes.count - start > maximumBytes {
                bytes.removeSubrange(end...)
                bytes.append(contentsOf: "…".utf8)
                return
            }
        }
    }

    /// The text between quotation marks. It is escaped, so that it cannot end the quotation. Cut to `maximumBytes`
    /// bytes between the marks, as in `escaped(_:maximumBytes:)`.
    package static func quoted(_ text: String, maximumBytes: Int = maximumValueBytes) -> String {
        var bytes = [UInt8(ascii: "\"")]
        append(text, to: &bytes, maximumBytes: maximumBytes, quotes: true)
        bytes.append(UInt8(ascii: "\""))
        return String(decoding: bytes, as: UTF8.self)
    }

    /// A name for a sentence: unchanged if it is one plain word, as most ids are, else `quoted`.
    package static func named(_ text: String, maximumBytes: Int = maximumValueBytes) -> String {
        let isWord = !text.utf8.isEmpty && text.utf8.count <= maximumBytes && text.utf8.allSatisfy(isOfName)
        return isWord ? text : quoted(text, maximumBytes: maximumBytes)
    }

    private static func isOfName(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "a")...UInt8(ascii: "z"):
            true
        default: "-_.@+/:=[]".utf8.contains(byte)
        }
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        byte >= 0x20 && byte < 0x7F && byte != UInt8(ascii: "\\") && byte != UInt8(ascii: "\"")
    }

    private static func append(_ scalar: Unicode.Scalar, to bytes: inout [UInt8], quotes: Bool) {
        switch scalar {
        case "\n": bytes.append(contentsOf: "\\n".utf8)
        case "\r": bytes.append(contentsOf: "\\r".utf8)
        case "\t": bytes.append(contentsOf: "\\t".utf8)
        case "\\": bytes.append(contentsOf: "\\\\".utf8)
        case "\"" where quotes: bytes.append(contentsOf: "\\\"".utf8)
        case " "..."~": bytes.append(UInt8(truncatingIfNeeded: scalar.value))
        default:
            if isInvisible(scalar) {
                bytes.append(contentsOf: "\\u{\(String(scalar.value, radix: 16))}".utf8)
            } else {
                bytes.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
            }
        }
    }

    /// Control characters (C0, DEL, C1 with U+0085), format characters (bidi controls, zero-width characters, tags),
    /// U+2028 and U+2029. They could move the cursor, end the line or reorder it.
    package static func isInvisible(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator: true
        default: false
        }
    }
}

extension String.UTF8View {
    /// `contains(where:)` over the bytes in memory, which is several times faster than over the view's indices.
    @inlinable package func anySatisfies(_ condition: (UInt8) -> Bool) -> Bool {
        withContiguousStorageIfAvailable { $0.contains(where: condition) } ?? contains(where: condition)
    }
}
