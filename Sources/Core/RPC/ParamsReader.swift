/// Reads a request's parameters, by name or by position. An unknown parameter is refused before the request has any
/// effect.
package struct ParamsReader: FieldVisitor {
    private let params: JSONValue?
    private let positions: [JSONValue]
    private var position = 0
    /// The number of members that were read by a field. If there are more members, one is unknown.
    private var taken = 0

    package static func read<Params: Method>(_ params: JSONValue?) throws(RPCError) -> Params {
        var message = Params.blank
        var reader = ParamsReader(params)
        try message.visit(&reader)
        try reader.refuseUnknown(in: Params.self)
        try message.validate()
        return message
    }

    private init(_ params: JSONValue?) {
        self.params = params
        positions = if let params, params.kind == .array { Array(params.elements) } else { [] }
    }

    package mutating func required<Value: FieldValue>(
        _ name: StaticString, _ value: inout Value, _ rule: FieldRule, _ note: StaticString
    ) throws(RPCError) {
        guard let json = next(name) else { throw .invalidParams(name.description, "is missing") }
        value = try Self.value(name, json, rule)
    }

    package mutating func optional<Value: FieldValue>(
        _ name: StaticString, _ value: inout Value?, _ rule: FieldRule, _ note: StaticString
    ) throws(RPCError) {
        guard let json = next(name) else { return }
        value = try Self.value(name, json, rule)
    }

    private static func value<Value: FieldValue>(
        _ name: StaticString, _ json: JSONValue, _ rule: FieldRule
    ) throws(RPCError) -> Value {
        do throws(FieldError) {
            let value = try Value(json: json)
            try value.check(rule)
            return value
        } catch {
            throw .invalidParams(name.description, error.reason)
        }
    }

    private mutating func next(_ name: StaticString) -> JSONValue? {
        guard let params else { return nil }
        if params.kind == .array {
            defer { position += 1 }
            guard position < positions.count else { return nil }
            // A position cannot be omitted, so null means that the parameter is not given.
            return positions[position].kind == .null ? nil : positions[position]
        }
        guard let value = params[name] else { return nil }
        taken += 1
        return value
    }

    private func refuseUnknown<Params: Message>(in type: Params.Type) throws(RPCError) {
        guard let params else { return }
        if params.kind == .array {
            guard positions.count > position else { return }
            throw .invalidParams("[\(position)]", "is one parameter too many; the method has \(position)")
        }
        guard params.count > taken else { return }
        let known = Params.fieldDescriptions.map(\.name)
        for member in params.members where !known.contains(where: { member.name.isString($0) }) {
            throw .invalidParams(
                member.name.string ?? "", "is not a parameter; the method has \(known.joined(separator: ", "))")
        }
    }
}
