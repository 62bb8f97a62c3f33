/// The part of JSON Schema that the OpenRPC document needs.
package indirect enum Schema: Sendable {
    case type(String, format: String? = nil)
    case oneOf(title: String, [String])
    case list(of: Schema, atLeast: Int64 = 0)
    case either([Schema])
    /// With a title it is a named schema of the document. Without one it is written where it is used.
    case object(title: String?, note: String, [FieldDescription])

    /// The name of the schema in the document.
    package var title: String? {
        switch self {
        case .oneOf(let title, _): title
        case .object(let title, _, _): title
        case .type, .list, .either: nil
        }
    }

    /// The schemas of its elements or fields.
    package var parts: [Schema] {
        switch self {
        case .type, .oneOf: []
        case .list(let element, _): [element]
        case .either(let schemas): schemas
        case .object(_, _, let fields): fields.map(\.schema)
        }
    }
}

/// A field for the document.
package struct FieldDescription: Sendable {
    package let name: String
    package let isRequired: Bool
    package let schema: Schema
    package let rule: FieldRule
    package let note: String

    /// The note, and the length in bytes, which JSON Schema cannot express.
    package var description: String {
        guard let bytes = rule.bytes else { return note }
        let lengths =
            bytes.lowerBound == 0 ? "at most \(bytes.upperBound)" : "\(bytes.lowerBound) to \(bytes.upperBound)"
        let what = rule.printable && !rule.word ? " of UTF-8 without control characters" : " of UTF-8"
        return "\(note) \(lengths.prefix(1).uppercased())\(lengths.dropFirst()) bytes\(what)."
    }
}
