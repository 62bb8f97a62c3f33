extension JSONValue {
    /// Whether both values are equal. The order of members, white space, escapes in strings and the spelling of numbers
    /// (`1`, `1.0`, `10e-1`) do not matter. Numbers of any size are compared exactly, and strings by their UTF-8 bytes.
    /// No recursion, and linear time.
    package func hasSameValue(as other: JSONValue) -> Bool {
        var classes = JSONClasses()
        return classes.number(of: self) == classes.number(of: other)
    }
}

/// Gives each value a number, so that equal values have the same number and different values have different numbers.
private struct JSONClasses {
    /// The key is made of the value's kind and content. For a container, the content is the numbers of its parts.
    private var numbers: [[UInt8]: UInt32] = [:]

    /// Goes from the last token to the first, so that the parts of a container have their numbers before the container.
    mutating func number(of value: JSONValue) -> UInt32 {
        let start = value.index
        var found = [UInt32](repeating: 0, count: max(1, value.token.next &- start))
        for offset in found.indices.reversed() {
            let part = JSONValue(document: value.document, index: start &+ offset)
            let key = Self.key(of: part) { found[$0 &- start] }
            let next = UInt32(truncatingIfNeeded: numbers.count)
            found[offset] = numbers[key, default: next]
            numbers[key] = found[offset]
        }
        return found[0]
    }

    private static func key(of value: JSONValue, _ number: (_ index: Int) -> UInt32) -> [UInt8] {
        let text = value.document.bytes
        switch value.kind {
        case .object:
            // Names are unique: the scanner refuses duplicates.
            var members = value.members.map { UInt64(number($0.name.index)) << 32 | UInt64(number($0.value.index)) }
            members.sort()
            return members.reduce(into: [UInt8(ascii: "{")]) { key, member in
                withUnsafeBytes(of: member) { key.append(contentsOf: $0) }
            }
        case .array:
            return value.elements.reduce(into: [UInt8(ascii: "[")]) { key, element in
                withUnsafeBytes(of: number(element.index)) { key.append(contentsOf: $0) }
            }
        case .string: return [UInt8(ascii: "\"")] + JSONStringDecoder.decode(value.token, text.span)
        case .number: return JSONNumber.canonical(text.span.extracting(value.token.start..<value.token.end))
        case .true: return [UInt8(ascii: "t")]
        case .false: return [UInt8(ascii: "f")]
        case .null: return [UInt8(ascii: "n")]
        }
    }
}
