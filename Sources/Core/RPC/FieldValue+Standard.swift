extension String: FieldValue {
    package static var blank: String { "" }
    package static var schema: Schema { .type("string") }

    package init(json: JSONValue) throws(FieldError) {
        guard let text = json.string else { throw FieldError("must be a string") }
        self = text
    }

    package func write(to json: inout JSONWriter) { json.string(self) }

    package func check(_ rule: FieldRule) throws(FieldError) {
        if let bytes = rule.bytes, !bytes.contains(utf8.count) {
            throw FieldError(
                utf8.isEmpty
                    ? "must not be empty" : "must have \(bytes.lowerBound) to \(bytes.upperBound) bytes of UTF-8")
        }
        // Fast path: nearly every text is plain ASCII, and Unicode's tables cost more than parsing the request.
        if rule.printable, !utf8.allSatisfy({ (0x20...0x7E).contains($0) }),
            unicodeScalars.contains(where: { $0.properties.generalCategory == .control })
        {
            throw FieldError("must not contain control characters")
        }
        if rule.word, !isWord {
            throw FieldError("must be a letter followed by letters, digits, '_', '.' or '-'")
        }
    }

    private var isWord: Bool {
        func isLetter(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(byte | 0x20) }
        guard let first = utf8.first, isLetter(first) else { return false }
        return utf8.allSatisfy { isLetter($0) || (0x30...0x39).contains($0) || "_.-".utf8.contains($0) }
    }
}

extension Int64: FieldValue {
    package static var blank: Int64 { 0 }
    package static var schema: Schema { .type("integer") }

    private static var notWhole: FieldError { FieldError("must be a whole number from −(2^53−1) to 2^53−1") }

    /// Reads all 64 bits, because sums in results may need them. `check` limits parameters to 2^53 − 1.
    package init(json: JSONValue) throws(FieldError) {
        guard let number = json.int64 else { throw Self.notWhole }
        self = number
    }

    package func write(to json: inout JSONWriter) { json.integer(self) }

    package func check(_ rule: FieldRule) throws(FieldError) {
        guard magnitude <= Limits.largestInteger else { throw Self.notWhole }
        if let range = rule.range, !range.contains(self) {
            throw FieldError("must be from \(range.lowerBound) to \(range.upperBound)")
        }
    }
}

extension Bool: FieldValue {
    package static var blank: Bool { false }
    package static var schema: Schema { .type("boolean") }

    package init(json: JSONValue) throws(FieldError) {
        guard let flag = json.bool else { throw FieldError("must be true or false") }
        self = flag
    }

    package func write(to json: inout JSONWriter) { json.bool(self) }
}

extension Double: FieldValue {
    package static var blank: Double { 0 }
    package static var schema: Schema { .type("number") }

    package init(json: JSONValue) throws(FieldError) {
        guard let number = json.double else { throw FieldError("must be a number") }
        self = number
    }

    package func write(to json: inout JSONWriter) { json.number(self) }
}

extension Array: FieldValue where Element: FieldValue {
    package static var blank: [Element] { [] }
    package static var schema: Schema { .list(of: Element.schema) }

    package init(json: JSONValue) throws(FieldError) {
        guard json.kind == .array else { throw FieldError("must be an array") }
        self = []
        reserveCapacity(json.count)
        for element in json.elements { append(try Element(json: element)) }
    }

    package func write(to json: inout JSONWriter) {
        json.beginArray()
        for element in self { element.write(to: &json) }
        json.endArray()
    }
}
