/// A JSON Schema, as far as the OpenRPC document needs it.
package indirect enum Schema: Sendable {
    case type(String, format: String? = nil)
    case oneOf(title: String, [String])
    case list(of: Schema, atLeast: Int64 = 0)
    case either([Schema])
    /// - title: its name among the document's schemas; without one it stands where it is used.
    case object(title: String?, note: String, [FieldDescription])

    /// Its name among the document's schemas.
    package var title: String? {
        switch self {
        case .oneOf(let title, _): title
        case .object(let title, _, _): title
        case .type, .list, .either: nil
        }
    }

    /// What it is made of.
    package var parts: [Schema] {
        switch self {
        case .type, .oneOf: []
        case .list(let element, _): [element]
        case .either(let schemas): schemas
        case .object(_, _, let fields): fields.map(\.schema)
        }
    }
}

/// A field as the documents show it.
package struct FieldDescription: Sendable {
    package let name: String
    package let isRequired: Bool
    package let schema: Schema
    package let rule: FieldRule
    package let note: String

    /// The note, and what a schema cannot say.
    package var description: String {
        guard let bytes = rule.bytes else { return note }
        let lengths =
            bytes.lowerBound == 0 ? "at most \(bytes.upperBound)" : "\(bytes.lowerBound) to \(bytes.upperBound)"
        let what = rule.printable && !rule.word ? " of UTF-8 without control characters" : " of UTF-8"
        return "\(note) \(lengths.prefix(1).uppercased())\(lengths.dropFirst()) bytes\(what)."
    }
}
