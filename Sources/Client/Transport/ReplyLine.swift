internal import LifecycleCore

/// A parsed line from the daemon.
enum ReplyLine: Sendable {
    case answer(id: Int64, Result<JSONValue, RPCError>)
    /// An error with the id `null`: the daemon refuses the connection, or could not read a line.
    case complaint(RPCError)
    /// Not a reply, and why.
    case garbage(String)

    init(_ line: [UInt8]) {
        // No depth limit: a reply nests metadata deeper than the request that created it.
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
