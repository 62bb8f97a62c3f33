/// The id of a request. The reply repeats it byte for byte: 2^53+1, 1e400 and 1.0 come back unchanged.
package enum RequestID: Sendable {
    /// The request is a notification, and gets no answer.
    case none
    /// The text of a string, a number or null.
    case some(ArraySlice<UInt8>)

    /// The id of the reply to a request whose id cannot be read.
    package static let null = RequestID.some(ArraySlice("null".utf8))
}

/// The members of a JSON-RPC request.
package struct Request: Sendable {
    package let id: RequestID
    package let method: JSONValue
    package let params: JSONValue?

    /// - Throws: `InvalidRequest`, which has the id for the reply.
    package init(_ json: JSONValue) throws(InvalidRequest) {
        guard json.kind == .object else {
            throw InvalidRequest(.null, "A request must be a JSON object.")
        }
        var id = RequestID.none
        var version: JSONValue?
        var method: JSONValue?
        var params: JSONValue?
        for (name, value) in json.members {
            if name.isString("id") {
                switch value.kind {
                // A copy, because a slice would keep the whole line in memory until the reply is sent.
                case .string, .number, .null: id = .some(ArraySlice(Array(value.raw)))
                default: throw InvalidRequest(.null, "id must be a string, a number or null.")
                }
            } else if name.isString("jsonrpc") {
                version = value
            } else if name.isString("method") {
                method = value
            } else if name.isString("params") {
                params = value
            }
        }
        let answerTo: RequestID = if case .none = id { .null } else { id }
        guard let version, version.isString("2.0") else {
            throw InvalidRequest(answerTo, #"jsonrpc must be "2.0"."#)
        }
        guard let method, method.kind == .string else {
            throw InvalidRequest(answerTo, "method must be a string.")
        }
        if let params, params.kind != .object, params.kind != .array {
            throw InvalidRequest(answerTo, "params must be an object or an array.")
        }
        self.id = id
        self.method = method
        self.params = params
    }
}

/// The JSON is not a request. The error is answered with this id.
package struct InvalidRequest: Error, Sendable {
    package let id: RequestID
    package let error: RPCError

    init(_ id: RequestID, _ reason: String) {
        self.id = id
        error = .invalidRequest(reason)
    }
}
