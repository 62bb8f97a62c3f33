internal import LifecycleCore

/// A line from the daemon, as far as it can be understood.
enum ReplyLine: Sendable {
    case answer(id: Int64, Result<JSONValue, RPCError>)
    /// An error that answers no request of ours: the daemon is full, or it could not read what we sent.
    case complaint(RPCError)
    /// Not a reply. Says what is wrong with it.
    case garbage(String)

    init(_ line: [UInt8]) {
        guard let root = try? JSONDocument(parsing: line).root else {
            self = .garbage("a line that is not JSON")
            return
        }
        guard root.kind == .object, root["jsonrpc"]?.isString("2.0") == true, let id = root["id"] else {
            self = .garbage("a line that is not a JSON-RPC reply")
            return
        }
        switch (id.integer, root["result"], root["error"].map(RPCError.init(json:))) {
        case (let id?, let result?, nil): self = .answer(id: id, .success(result))
        case (let id?, nil, let error??): self = .answer(id: id, .failure(error))
        case (nil, nil, let error??) where id.kind == .null: self = .complaint(error)
        default: self = .garbage("a reply without a result, an error or a known id")
        }
    }
}
