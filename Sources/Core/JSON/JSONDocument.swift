/// A parsed JSON text: its bytes and a flat list of its tokens.
///
/// Stricter than most parsers (RFC 8259 and RFC 7493): no byte order mark, no duplicate member names, no lone
/// surrogates, only valid UTF-8. Values are decoded when they are read. Immutable, so any thread can use it.
package final class JSONDocument: Sendable {
    /// The maximum nesting of arrays and objects. `[]` has depth 1.
    package static let defaultMaximumDepth = 64

    let bytes: [UInt8]
    /// The tokens in the order of the text, from the root on. A name is followed by its value. Never empty.
    let tape: [JSONToken]

    /// Checks the whole text in one pass.
    ///
    /// - Parameters:
    ///   - bytes: Exactly one value, with or without white space around it. At most 2 GiB.
    ///   - maximumDepth: The maximum nesting of arrays and objects.
    /// - Throws: `JSONSyntaxError` if the text is not one strict JSON text.
    package init(parsing bytes: [UInt8], maximumDepth: Int = defaultMaximumDepth) throws(JSONSyntaxError) {
        var scanner = JSONScanner(expecting: bytes.count, maximumDepth: maximumDepth)
        try scanner.scanText(bytes.span)
        self.bytes = bytes
        self.tape = scanner.tape
    }

    /// The value of the whole text.
    package var root: JSONValue { JSONValue(document: self, index: 0) }
}
