/// An error for the caller. On the wire it is the `error` object of a reply.
public struct RPCError: Error, Sendable {
    public let kind: ErrorKind
    /// One sentence for people. It may change between versions.
    public let message: String
    /// What an admin or a caller can do about it. It may change between versions.
    public let hint: String
    /// The fields of `error.data` that belong to this kind, in order.
    public let fields: [Field]
    /// The writes of the request are kept although it is answered with an error: a refused report is written to the
    /// history. The savepoint is released and not rolled back.
    package var keepsWrites: Bool
    /// What the refused request concerned. Only for the log, never on the wire.
    package private(set) var subject: CallSubject?

    public struct Field: Sendable, Equatable {
        public let name: String
        public let value: Value

        public enum Value: Sendable, Equatable {
            case text(String)
            case integer(Int64)
            case list([String])
        }
    }

    package init(
        _ kind: ErrorKind, _ message: String, hint: String, fields: KeyValuePairs<String, Field.Value> = [:],
        keepsWrites: Bool = false
    ) {
        self.init(
            kind, message, hint: hint, fields: fields.map { Field(name: $0.key, value: $0.value) },
            keepsWrites: keepsWrites)
    }

    package init(_ kind: ErrorKind, _ message: String, hint: String, fields: [Field], keepsWrites: Bool = false) {
        self.kind = kind
        self.message = message
        self.hint = hint
        self.fields = fields
        self.keepsWrites = keepsWrites
    }
}

extension RPCError {
    /// The field of `error.data` with this name: `error["available"]`.
    public subscript(_ name: String) -> Field.Value? { fields.first { $0.name == name }?.value }

    /// A field that is an integer.
    public func integer(_ name: String) -> Int64? {
        if case .integer(let number) = self[name] { number } else { nil }
    }

    /// A field that is a text.
    public func text(_ name: String) -> String? {
        if case .text(let text) = self[name] { text } else { nil }
    }
}

extension RPCError: CustomStringConvertible {
    public var description: String { "\(message) (\(kind.name)) \(hint)" }
}

/// The user, project and credits that a write concerns.
package struct CallSubject: Sendable {
    package var userId: String?
    package var project: ProjectReference?
    package var credits: Int64?

    package init(userId: String? = nil, project: ProjectReference? = nil, credits: Int64? = nil) {
        self.userId = userId
        self.project = project
        self.credits = credits
    }
}

extension RPCError {
    /// The same error with a subject.
    package func about(_ subject: CallSubject) -> RPCError {
        var error = self
        error.subject = subject
        return error
    }

    /// Writes the `error` object.
    package func write(to json: inout JSONWriter) {
        json.beginObject()
        json.key("code")
        json.integer(kind.code)
        json.key("message")
        json.string(message)
        json.key("data")
        json.beginObject()
        json.key("kind")
        json.string(kind.name)
        json.key("retryable")
        json.bool(kind.retryable)
        for field in fields {
            json.key(escaping: field.name)
            switch field.value {
            case .text(let text): json.string(text)
            case .integer(let number): json.integer(number)
            case .list(let words):
                json.beginArray()
                for word in words { json.string(word) }
                json.endArray()
            }
        }
        json.key("hint")
        json.string(hint)
        json.endObject()
        json.endObject()
    }
}
