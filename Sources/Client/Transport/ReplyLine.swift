internal import LifecycleCore

/// A line from the daemon, as far as it can be understood.
enum ReplyLine: Sendable {
    case answer(id: Int64, Result<JSONValue, RPCError>)
    /// An error that answers no request of ours: the daemon is full, or it could not read what we sent.
    case complaint(RPCError)
    /// Not a reply. Says what is wrong with it.
    case garbage(String)

    init(_ line: [UInt8]) {
        // Metadata may be as deep as a request allowed when it was taken, and stands deeper in a reply.
        guard let root = try? JSONDocument(parsing: line, maximumDepth: .max).root else {
            self = .garbage("a line that is not JSON")
            return
        }
        var isReply = false
        var id: JSONValue?
        var result: JSONValue?
        var error: RPCError??
        for (name, value) in root.members {
            if name.isString("jsonrpc") {
                isReply = value.isString("2.0")
            } else if name.isString("id") {
                id = value
            } else if name.isString("result") {
                result = value
            } else if name.isString("error") {
                error = .some(RPCError(json: value))
            }
        }
        guard isReply, let id else {
            self = .garbage("a line that is not a JSON-RPC reply")
            return
        }
        switch (id.integer, result, error) {
        case (let id?, let result?, nil): self = .answer(id: id, .success(result))
        case (let id?, nil, let error??): self = .answer(id: id, .failure(error))
        case (nil, nil, let error??) where id.kind == .null: self = .complaint(error)
        default: self = .garbage("a reply without a result, an error or a known id")
        }
    }
}
