/// Parameters, results and their parts. Each lists its fields once. The list is used for reading, writing and
/// documentation. Its order is the order of positional parameters, so it must never change.
package protocol Message: FieldValue {
    /// The name of its schema in the document. `nil` for parameters of methods, which have no schema of that kind.
    static var title: String? { get }
    /// A description for the document.
    static var note: String { get }
    mutating func visit(_ fields: inout some FieldVisitor) throws(RPCError)
}

/// Visits the fields of a message, to read, write or describe them.
package protocol FieldVisitor {
    mutating func required<Value: FieldValue>(
        _ name: StaticString, _ value: inout Value, _ rule: FieldRule, _ note: StaticString
    ) throws(RPCError)

    mutating func optional<Value: FieldValue>(
        _ name: StaticString, _ value: inout Value?, _ rule: FieldRule, _ note: StaticString
    ) throws(RPCError)
}

extension FieldVisitor {
    package mutating func required<Value: FieldValue>(
        _ name: StaticString, _ value: inout Value, _ note: StaticString
    ) throws(RPCError) {
        try required(name, &value, .none, note)
    }

    package mutating func optional<Value: FieldValue>(
        _ name: StaticString, _ value: inout Value?, _ note: StaticString
    ) throws(RPCError) {
        try optional(name, &value, .none, note)
    }
}

extension Message {
    package static var title: String? { nil }
    package static var note: String { "" }
    package static var schema: Schema { .object(title: title, note: note, fieldDescriptions) }

    package static var fieldDescriptions: [FieldDescription] {
        var describer = FieldDescriber()
        var message = blank
        // Describing reads nothing, so it cannot fail.
        try? message.visit(&describer)
        return describer.fields
    }

    package init(json: JSONValue) throws(FieldError) {
        guard json.kind == .object else { throw FieldError("must be an object") }
        self = .blank
        var reader = ResultReader(json)
        do throws(RPCError) {
            try visit(&reader)
        } catch {
            throw FieldError(error.message)
        }
    }

    package func write(to json: inout JSONWriter) {
        json.beginObject()
        // Moved, so that the buffer always has one owner: otherwise each nested message would copy it.
        var writer = FieldWriter(json: JSONWriter())
        swap(&json, &writer.json)
        var copy = self
        // Writing checks nothing, so it cannot fail.
        try? copy.visit(&writer)
        swap(&json, &writer.json)
        json.endObject()
    }
}

private struct FieldDescriber: FieldVisitor {
    var fields: [FieldDescription] = []

    mutating func required<Value: FieldValue>(
        _ name: StaticString, _ value: inout Value, _ rule: FieldRule, _ note: StaticString
    ) {
        append(name, Value.schema, rule, note, isRequired: true)
    }

    mutating func optional<Value: FieldValue>(
        _ name: StaticString, _ value: inout Value?, _ rule: FieldRule, _ note: StaticString
    ) {
        append(name, Value.schema, rule, note, isRequired: false)
    }

    private mutating func append(
        _ name: StaticString, _ schema: Schema, _ rule: FieldRule, _ note: StaticString, isRequired: Bool
    ) {
        fields.append(
            FieldDescription(
                name: name.description, isRequired: isRequired, schema: schema, rule: rule, note: note.description))
    }
}

private struct FieldWriter: FieldVisitor {
    var json: JSONWriter

    mutating func required<Value: FieldValue>(
        _ name: StaticString, _ value: inout Value, _ rule: FieldRule, _ note: StaticString
    ) {
        json.key(name)
        value.write(to: &json)
    }

    /// Absent fields are omitted, never null.
    mutating func optional<Value: FieldValue>(
        _ name: StaticString, _ value: inout Value?, _ rule: FieldRule, _ note: StaticString
    ) {
        guard let value else { return }
        json.key(name)
        value.write(to: &json)
    }
}

/// Reads a result for a client. Unknown members are ignored, so that a newer daemon can add members.
private struct ResultReader: FieldVisitor {
    private let object: JSONValue
    /// The next member, if the members have the order of the fields, as the daemon writes them.
    private var expected: JSONValue.Members

    init(_ object: JSONValue) {
        self.object = object
        expected = object.members
    }

    mutating func required<Value: FieldValue>(
        _ name: StaticString, _ value: inout Value, _ rule: FieldRule, _ note: StaticString
    ) throws(RPCError) {
        guard let member = member(name) else { throw .invalidParams(name.description, "is missing") }
        value = try Self.value(name, member)
    }

    mutating func optional<Value: FieldValue>(
        _ name: StaticString, _ value: inout Value?, _ rule: FieldRule, _ note: StaticString
    ) throws(RPCError) {
        guard let member = member(name) else { return }
        value = try Self.value(name, member)
    }

    private mutating func member(_ name: StaticString) -> JSONValue? {
        var rest = expected
        guard let next = rest.next(), next.name.isString(name) else { return object[name] }
        expected = rest
        return next.value
    }

    private static func value<Value: FieldValue>(_ name: StaticString, _ json: JSONValue) throws(RPCError) -> Value {
        do throws(FieldError) { return try Value(json: json) } catch {
            throw .invalidParams(name.description, error.reason)
        }
    }
}
