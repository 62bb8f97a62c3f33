/// A request's id, echoed byte for byte: 2^53+1, 1e400 and 1.0 come back as they were sent.
package enum RequestID: Sendable {
    /// No id: a notification, never answered.
    case none
    /// A string, a number or null, as it stands in the request.
    case some(ArraySlice<UInt8>)

    /// What answers a request whose id cannot be read.
    package static let null = RequestID.some(ArraySlice("null".utf8))
}

/// The envelope of one request.
package struct Request: Sendable {
    package let id: RequestID
    package let method: JSONValue
    package let params: JSONValue?

    /// - Throws: `InvalidRequest`, which carries the id to answer with.
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
                // A copy, or what waits for its answer would keep the whole line.
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

/// Not a request, and the id that the error is answered to.
package struct InvalidRequest: Error, Sendable {
    package let id: RequestID
    package let error: RPCError

    init(_ id: RequestID, _ reason: String) {
        self.id = id
        error = .invalidRequest(reason)
    }
}
