/// Makes text from outside safe to show on one line of a terminal or log.
package enum PeerText {
    /// The most bytes that one value takes in a log record, the "…" of a cut one not counted.
    package static let maximumValueBytes = 200

    /// `text` on one line and without invisible characters, cut to `maximumBytes` bytes with a "…" behind.
    package static func escaped(_ text: String, maximumBytes: Int = maximumValueBytes) -> String {
        var bytes: [UInt8] = []
        append(text, to: &bytes, maximumBytes: maximumBytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Appends `text` as UTF-8, escaped and cut as by `escaped(_:maximumBytes:)`. An escape is never cut in two.
    /// - Parameter quotes: whether `"` is escaped too.
    package static func append(_ text: String, to bytes: inout [UInt8], maximumBytes: Int, quotes: Bool = false) {
        // Nearly every text is this plain, and the event loop is who pays.
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

    /// The text between quotation marks, escaped so that nothing in it can end them: a part of a sentence that cannot be
    /// taken for the sentence. Cut to `maximumBytes` bytes between the marks, as by `escaped(_:maximumBytes:)`.
    package static func quoted(_ text: String, maximumBytes: Int = maximumValueBytes) -> String {
        var bytes = [UInt8(ascii: "\"")]
        append(text, to: &bytes, maximumBytes: maximumBytes, quotes: true)
        bytes.append(UInt8(ascii: "\""))
        return String(decoding: bytes, as: UTF8.self)
    }

    /// A name in a sentence: as it is when it is one plain word, as most ids are, else `quoted`.
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

    /// Controls (C0, DEL, C1 with U+0085), formats (bidi controls, zero-width characters, tags), U+2028 and U+2029:
    /// what could move the cursor, end the line or reorder it.
    package static func isInvisible(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator: true
        default: false
        }
    }
}

extension String.UTF8View {
    /// `contains(where:)` over the bytes as they lie in memory, several times as fast as over the view's indices.
    @inlinable package func anySatisfies(_ condition: (UInt8) -> Bool) -> Bool {
        withContiguousStorageIfAvailable { $0.contains(where: condition) } ?? contains(where: condition)
    }
}
