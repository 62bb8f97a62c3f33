/// Reads the `error` object of a reply, for clients. Unknown members are allowed, because a newer daemon may add some.
extension RPCError {
    /// `nil` if the value is not an object with an integer `code` and a string `message`.
    package init?(json: JSONValue) {
        guard let code = json["code"]?.integer, let message = json["message"]?.string else { return nil }
        let data = json["data"]
        let name = data?["kind"]?.string
        let known = ErrorKind.all.first { $0.code == code }
        let kind =
            known
            ?? ErrorKind(
                code, name ?? "unknown", retryable: data?["retryable"]?.bool ?? false,
                "A kind that this version does not know.")
        self.init(kind, message, hint: data?["hint"]?.string ?? "", fields: data.map(Self.fields) ?? [])
    }

    private static func fields(of data: JSONValue) -> [Field] {
        data.members.compactMap { name, value in
            guard let name = name.string, !["kind", "retryable", "hint"].contains(name) else { return nil }
            return Field.Value(json: value).map { Field(name: name, value: $0) }
        }
    }
}

extension RPCError.Field.Value {
    /// `nil` for other types, which no known error has.
    fileprivate init?(json: JSONValue) {
        switch json.kind {
        case .string: self = .text(json.string ?? "")
        case .number:
            guard let number = json.integer else { return nil }
            self = .integer(number)
        case .array: self = .list(json.elements.compactMap(\.string))
        default: return nil
        }
    }
}
