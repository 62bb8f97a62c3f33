/// One parsed JSON text: its bytes and a flat list of its tokens.
///
/// Stricter than most readers (RFC 8259 and RFC 7493): no byte order mark, no duplicate member names, no lone
/// surrogates, only valid UTF-8. Nothing is decoded before somebody asks for it. Immutable, so usable from any thread.
package final class JSONDocument: Sendable {
    /// How deeply arrays and objects may be nested; `[]` has depth 1.
    package static let defaultMaximumDepth = 64

    let bytes: [UInt8]
    /// In the order of the text, the root first; a name is followed by its value. Never empty.
    let tape: [JSONToken]

    /// Checks the whole text in one pass.
    ///
    /// - Parameters:
    ///   - bytes: Exactly one value, with white space around it or not. At most 2 GiB.
    ///   - maximumDepth: The greatest nesting of arrays and objects that is accepted.
    /// - Throws: `JSONSyntaxError` for everything that is not one strict JSON text.
    package init(parsing bytes: [UInt8], maximumDepth: Int = defaultMaximumDepth) throws(JSONSyntaxError) {
        var scanner = JSONScanner(expecting: bytes.count, maximumDepth: maximumDepth)
        try scanner.scanText(bytes.span)
        self.bytes = bytes
        self.tape = scanner.tape
    }

    /// The value that the text consists of.
    package var root: JSONValue { JSONValue(document: self, index: 0) }
}
