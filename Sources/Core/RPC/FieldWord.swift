/// A value that is one word of a fixed list on the wire.
package protocol FieldWord: FieldValue, RawRepresentable<String>, CaseIterable {
    /// The name of its schema in the document.
    static var title: String { get }
}

extension FieldWord {
    package static var schema: Schema { .oneOf(title: title, allCases.map(\.rawValue)) }

    package init(json: JSONValue) throws(FieldError) {
        guard let word = Self.allCases.first(where: { json.isString($0.rawValue) }) else {
            throw FieldError("must be one of \(Self.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        self = word
    }

    package func write(to json: inout JSONWriter) { json.string(rawValue) }
}
