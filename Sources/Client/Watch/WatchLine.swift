internal import LifecycleCore

/// A line from the daemon on a connection that watches.
enum WatchLine: Sendable {
    /// The answer to the request: the newest event at that moment.
    case begun(seq: Int64)
    case event(Event)
    /// Of a kind, or in a form, that only a newer version knows.
    case unknownEvent(seq: Int64)
    /// Another notification of a newer daemon.
    case other
    case refused(RPCError)
    case garbage(String)

    init(_ line: [UInt8]) {
        guard let root = try? JSONDocument(parsing: line, maximumDepth: .max).root,
            root["jsonrpc"]?.isString("2.0") == true
        else {
            self = .garbage("a line that is not a JSON-RPC message")
            return
        }
        if let method = root["method"] {
            self = method.isString(Event.notificationMethod) ? Self.event(root["params"]) : .other
        } else if let error = root["error"] {
            // Also one with the id null: the daemon is full.
            self = RPCError(json: error).map { .refused($0) } ?? .garbage("an error without a code")
        } else if let seq = root["result"]?["seq"]?.integer {
            self = .begun(seq: seq)
        } else {
            self = .garbage("an answer without seq")
        }
    }

    private static func event(_ params: JSONValue?) -> WatchLine {
        guard let params, let seq = params["seq"]?.integer else { return .garbage("an event without seq") }
        return (try? Event(json: params)).map { .event($0) } ?? .unknownEvent(seq: seq)
    }
}
