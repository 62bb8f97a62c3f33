/// A JSON Schema, as far as the OpenRPC document needs it.
package indirect enum Schema: Sendable {
    case type(String, format: String? = nil)
    case oneOf([String])
    case list(of: Schema)
    case either([Schema])
    case object([FieldDescription])

    package func write(to json: inout JSONWriter, rule: FieldRule = .none) {
        json.beginObject()
        writeMembers(to: &json, rule: rule)
        json.endObject()
    }

    private func writeMembers(to json: inout JSONWriter, rule: FieldRule) {
        func typed(_ name: String) {
            json.key("type")
            json.string(name)
        }
        switch self {
        case .type(let name, let format):
            typed(name)
            if let format {
                json.key("format")
                json.string(format)
            }
            if let bytes = rule.bytes {  // Bytes bound characters from above only.
                if bytes.lowerBound > 0 {
                    json.key("minLength")
                    json.integer(1)
                }
                json.key("maxLength")
                json.integer(Int64(bytes.upperBound))
            }
            if let range = rule.range {
                json.key("minimum")
                json.integer(range.lowerBound)
                json.key("maximum")
                json.integer(range.upperBound)
            }
        case .oneOf(let words):
            typed("string")
            json.key("enum")
            words.write(to: &json)
        case .list(let element):
            typed("array")
            json.key("items")
            element.write(to: &json)
        case .either(let schemas):
            json.key("anyOf")
            json.beginArray()
            for schema in schemas { schema.write(to: &json) }
            json.endArray()
        case .object(let fields):
            typed("object")
            json.key("required")
            fields.filter(\.isRequired).map(\.name).write(to: &json)
            json.key("properties")
            json.beginObject()
            for field in fields {
                json.key(escaping: field.name)
                field.schema.write(to: &json, rule: field.rule)
            }
            json.endObject()
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
}
