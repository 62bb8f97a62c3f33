extension Timestamp: FieldValue {
    package static var blank: Timestamp { Timestamp(milliseconds: 0) }
    package static var schema: Schema { .type("string", format: "date-time") }

    package init(json: JSONValue) throws(FieldError) {
        guard let text = json.string, let time = Timestamp(text) else {
            throw FieldError("must be an RFC 3339 time such as 2026-11-23T13:01:19.042Z")
        }
        self = time
    }

    package func write(to json: inout JSONWriter) { json.plain(capacity: Self.textBytes) { append(to: &$0) } }
}

extension ProjectID: FieldValue {
    package static var blank: ProjectID { ProjectID(high: 0, low: 0) }
    package static var schema: Schema { .type("string", format: "uuid") }

    package init(json: JSONValue) throws(FieldError) {
        guard let text = json.string, let id = ProjectID(text) else {
            throw FieldError("must be a project's id, a UUID")
        }
        self = id
    }

    package func write(to json: inout JSONWriter) { json.plain(capacity: Self.textBytes) { append(to: &$0) } }
}

extension Status: FieldWord {
    package static let title = "Status"
    package static var blank: Status { .pending }
}

/// One status or a list of statuses.
public struct StatusFilter: Sendable, Equatable {
    public var statuses: [Status]
    public init(_ statuses: [Status]) { self.statuses = statuses }
}

extension StatusFilter: FieldValue {
    package static var blank: StatusFilter { StatusFilter([]) }
    package static var schema: Schema { .either([Status.schema, .list(of: Status.schema, atLeast: 1)]) }

    package init(json: JSONValue) throws(FieldError) {
        let wanted = json.kind == .array ? try [Status](json: json) : [try Status(json: json)]
        guard !wanted.isEmpty else { throw FieldError("must name at least one status") }
        statuses = Status.allCases.filter(wanted.contains)
    }

    package func write(to json: inout JSONWriter) { statuses.write(to: &json) }
}
