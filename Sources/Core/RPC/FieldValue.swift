/// A value of a field: how it is read, written and described.
package protocol FieldValue: Sendable {
    /// A placeholder until the value is read.
    static var blank: Self { get }
    static var schema: Schema { get }
    init(json: JSONValue) throws(FieldError)
    func write(to json: inout JSONWriter)
    /// Throws if the rule of the field does not allow the value.
    func check(_ rule: FieldRule) throws(FieldError)
}

extension FieldValue {
    package func check(_ rule: FieldRule) throws(FieldError) {}
}

/// Why a value is refused. The reader of the message adds the field's name.
package struct FieldError: Error, Sendable {
    package let reason: String
    package init(_ reason: String) { self.reason = reason }
}

/// The limits of a field in addition to its type.
package struct FieldRule: Sendable {
    /// The length of a text in bytes of UTF-8.
    package var bytes: ClosedRange<Int>?
    /// The text has no control characters, as in ids, keys and names.
    package var printable = false
    /// The range of an integer.
    package var range: ClosedRange<Int64>?
    /// The text has only letters, digits, `_`, `.` and `-`, and begins with a letter.
    package var word = false
    /// A range that only the document shows, because the method itself checks it.
    package var described: Described?
    /// A choice of words that only the document shows, because the method itself checks it.
    package var words: [String]?

    /// A fixed range, or a range up to a limit of the daemon.
    package enum Described: Sendable {
        case range(ClosedRange<Int64>)
        case upTo(@Sendable (Limits) -> Int64, from: Int64)
    }

    package static let none = FieldRule()
    package static func text(_ bytes: ClosedRange<Int>) -> Self { Self(bytes: bytes) }
    package static func line(_ bytes: ClosedRange<Int>) -> Self { Self(bytes: bytes, printable: true) }
    package static func word(_ bytes: ClosedRange<Int>) -> Self { Self(bytes: bytes, printable: true, word: true) }
    package static func range(_ range: ClosedRange<Int64>) -> Self { Self(range: range) }
    package static func described(_ range: ClosedRange<Int64>) -> Self { Self(described: .range(range)) }
    package static func words(_ words: [String]) -> Self { Self(words: words) }
    /// - Parameter limit: the maximum.
    package static func from(_ least: Int64, upTo limit: @escaping @Sendable (Limits) -> Int64) -> Self {
        Self(described: .upTo(limit, from: least))
    }
}
