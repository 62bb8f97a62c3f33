/// A value that can stand in a message: how it is read, written and described.
package protocol FieldValue: Sendable {
    /// Stands in a message until the real value was read.
    static var blank: Self { get }
    /// Its JSON Schema, as an object's text.
    static var schema: Schema { get }
    init(json: JSONValue) throws(FieldError)
    func write(to json: inout JSONWriter)
    /// Refuses what the field's rule does not allow.
    func check(_ rule: FieldRule) throws(FieldError)
}

extension FieldValue {
    package func check(_ rule: FieldRule) throws(FieldError) {}
}

/// Why a value does not fit; the field's name is added by who reads the message.
package struct FieldError: Error, Sendable {
    package let reason: String
    package init(_ reason: String) { self.reason = reason }
}

/// What a field allows beyond its type.
package struct FieldRule: Sendable {
    /// Length of a text in bytes of UTF-8.
    package var bytes: ClosedRange<Int>?
    /// No control characters: what stands in ids, keys and names.
    package var printable = false
    /// Range of a whole number.
    package var range: ClosedRange<Int64>?
    /// Letters, digits, `_`, `.` and `-`, a letter first.
    package var word = false
    /// For the document only, where the method itself checks: a range, or the words that are meant.
    package var described: Described?
    package var words: [String]?

    /// A range, perhaps up to a limit of the daemon's.
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
    /// - Parameter limit: the greatest value.
    package static func from(_ least: Int64, upTo limit: @escaping @Sendable (Limits) -> Int64) -> Self {
        Self(described: .upTo(limit, from: least))
    }
}
