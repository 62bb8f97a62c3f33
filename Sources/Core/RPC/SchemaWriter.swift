/// Writes schemas into the document, whose named schemas are in `components.schemas`.
struct SchemaWriter {
    let limits: Limits

    /// Writes a named schema as a reference.
    func write(
        _ schema: Schema, rule: FieldRule = .none, note: String? = nil, to json: inout JSONWriter
    ) {
        json.beginObject()
        if let note, !note.isEmpty { member("description", note, to: &json) }
        // A reference would allow all words, so a choice of them is written here.
        if let title = schema.title, rule.words == nil {
            member("$ref", "#/components/schemas/\(title)", to: &json)
        } else {
            writeMembers(of: schema, rule, to: &json)
        }
        json.endObject()
    }

    /// Writes all named schemas that are used in `schemas`, sorted by name.
    func writeComponents(of schemas: [Schema], to json: inout JSONWriter) {
        var found: [String: Schema] = [:]
        func collect(_ schema: Schema) {
            if let title = schema.title {
                if found[title] != nil { return }
                found[title] = schema
            }
            schema.parts.forEach(collect)
        }
        schemas.forEach(collect)
        json.beginObject()
        for (title, schema) in found.sorted(by: { $0.key < $1.key }) {
            json.key(escaping: title)
            json.beginObject()
            member("title", title, to: &json)
            if case .object(_, let note, _) = schema, !note.isEmpty { member("description", note, to: &json) }
            writeMembers(of: schema, .none, to: &json)
            json.endObject()
        }
        json.endObject()
    }

    private func member(_ name: String, _ text: String, to json: inout JSONWriter) {
        json.key(escaping: name)
        json.string(text)
    }

    private func writeMembers(of schema: Schema, _ rule: FieldRule, to json: inout JSONWriter) {
        switch schema {
        case .type(let name, let format):
            member("type", name, to: &json)
            if let format { member("format", format, to: &json) }
            writeRule(rule, to: &json)
        case .oneOf(_, let words):
            member("type", "string", to: &json)
            json.key("enum")
            (rule.words ?? words).write(to: &json)
        case .list(let element, let least):
            member("type", "array", to: &json)
            json.key("items")
            write(element, to: &json)
            if least > 0 {
                json.key("minItems")
                json.integer(least)
            }
        case .either(let schemas):
            json.key("anyOf")
            json.beginArray()
            for schema in schemas { write(schema, to: &json) }
            json.endArray()
        case .object(_, _, let fields):
            member("type", "object", to: &json)
            json.key("required")
            fields.filter(\.isRequired).map(\.name).write(to: &json)
            json.key("properties")
            json.beginObject()
            for field in fields {
                json.key(escaping: field.name)
                write(field.schema, rule: field.rule, note: field.description, to: &json)
            }
            json.endObject()
        }
    }

    private func writeRule(_ rule: FieldRule, to json: inout JSONWriter) {
        if let bytes = rule.bytes {  // maxLength counts characters, and there are at most as many as bytes.
            if bytes.lowerBound > 0 {
                json.key("minLength")
                json.integer(1)
            }
            json.key("maxLength")
            json.integer(Int64(bytes.upperBound))
        }
        if rule.word {
            member("pattern", "^[A-Za-z][A-Za-z0-9_.-]*$", to: &json)
        } else if rule.printable {
            member("pattern", #"^[^\u0000-\u001f\u007f-\u009f]*$"#, to: &json)
        }
        guard let range = range(rule) else { return }
        json.key("minimum")
        json.integer(range.lowerBound)
        json.key("maximum")
        json.integer(range.upperBound)
    }

    private func range(_ rule: FieldRule) -> ClosedRange<Int64>? {
        switch rule.described {
        case .range(let range): range
        case .upTo(let limit, let least): least...max(least, limit(limits))
        case nil: rule.range
        }
    }
}
