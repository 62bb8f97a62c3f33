internal import LifecycleCore

/// A parsed line from the daemon on the connection of a watch.
enum WatchLine: Sendable {
    /// The answer to the request, with the number of the newest event.
    case begun(seq: Int64)
    case event(Event)
    /// An event whose kind or form this version does not know.
    case unknownEvent(seq: Int64)
    /// Another notification, from a newer daemon.
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
            // The id may be null: the daemon refuses the connection.
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
