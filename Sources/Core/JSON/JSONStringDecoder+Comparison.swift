extension JSONStringDecoder {
    /// The decoded bytes of a string token.
    static func decode(_ token: JSONToken, _ text: Span<UInt8>) -> [UInt8] {
        var decoder = JSONStringDecoder(token.content)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(token.content.count)
        while let byte = decoder.next(in: text) { bytes.append(byte) }
        return bytes
    }

    /// Whether two string tokens of a text decode to the same bytes.
    static func areEqual(_ first: JSONToken, _ second: JSONToken, _ text: Span<UInt8>) -> Bool {
        if !first.hasEscapes && !second.hasEscapes {
            return areEqual(text.extracting(first.content), text.extracting(second.content))
        }
        var firstDecoder = JSONStringDecoder(first.content)
        var secondDecoder = JSONStringDecoder(second.content)
        while let byte = firstDecoder.next(in: text) {
            guard byte == secondDecoder.next(in: text) else { return false }
        }
        return secondDecoder.next(in: text) == nil
    }

    /// Whether a string token decodes to these bytes.
    static func isEqual(_ token: JSONToken, _ text: Span<UInt8>, to bytes: Span<UInt8>) -> Bool {
        guard token.hasEscapes else { return areEqual(text.extracting(token.content), bytes) }
        var decoder = JSONStringDecoder(token.content)
        for index in bytes.indices {
            guard decoder.next(in: text) == bytes[index] else { return false }
        }
        return decoder.next(in: text) == nil
    }

    /// A hash of the decoded bytes. It differs in every process.
    static func hash(_ token: JSONToken, _ text: Span<UInt8>) -> Int {
        var hasher = Hasher()
        if token.hasEscapes {
            decode(token, text).withUnsafeBytes { hasher.combine(bytes: $0) }
        } else {
            text.extracting(token.content).withUnsafeBytes { hasher.combine(bytes: $0) }
        }
        return hasher.finalize()
    }

    private static func areEqual(_ first: Span<UInt8>, _ second: Span<UInt8>) -> Bool {
        guard first.count == second.count else { return false }
        for index in first.indices where first[index] != second[index] { return false }
        return true
    }
}
