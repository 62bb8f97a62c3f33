/// The errors of a request before its rule runs.
extension RPCError {
    package static func parseError(_ error: JSONSyntaxError) -> Self {
        Self(
            .parseError, "Not valid JSON: \(error.reason) at byte \(error.offset).",
            hint: "Send one strict JSON text (RFC 8259, UTF-8) on one line and end the line with LF.")
    }

    package static func invalidRequest(_ reason: String) -> Self {
        Self(
            .invalidRequest, reason,
            hint: #"A request looks like {"jsonrpc":"2.0","id":1,"method":"getStatus","params":{…}}."#)
    }

    package static func methodNotFound(_ name: String) -> Self {
        Self(
            .methodNotFound, "There is no method \(PeerText.quoted(name, maximumBytes: 64)).",
            hint: "Call rpc.discover for the list of methods.")
    }

    package static func invalidParams(_ param: String, _ reason: String) -> Self {
        Self(
            .invalidParams, "\(PeerText.named(param, maximumBytes: 64)): \(reason).",
            hint: "Correct the parameter. protocol.md and rpc.discover list the parameters of each method.",
            fields: ["param": .text(param.shortened(to: 64)), "reason": .text(reason)])
    }

    package static func permissionDenied(method: String, allowed: [Role], caller: Caller) -> Self {
        let roles = allowed.map(\.rawValue).joined(separator: " or ")
        return Self(
            .permissionDenied, "\(method) needs the role \(roles), which \(caller.description) does not have.",
            hint: "Roles are Unix groups: add the caller to the group of that role, and let it connect again.",
            fields: ["method": .text(method), "role": .text(roles), "caller": .text(caller.description)])
    }

    package static func requestTooLarge(limit: Int) -> Self {
        Self(
            .requestTooLarge, "The request line is longer than \(limit) bytes and was skipped.",
            hint: "Send shorter lines. Store large data elsewhere, and put a reference to it into metadata.",
            fields: ["limit": .integer(Int64(limit))])
    }

    package static func replyTooLarge(limit: Int) -> Self {
        Self(
            .replyTooLarge, "The reply would be longer than \(limit) bytes.",
            hint: "Ask for less: use a smaller limit, or send fewer requests in the batch.",
            fields: ["limit": .integer(Int64(limit))])
    }

    package static func batchTooLarge(limit: Int) -> Self {
        Self(
            .batchTooLarge, "The batch has more than \(limit) requests. None of them was carried out.",
            hint: "Split the batch.", fields: ["limit": .integer(Int64(limit))])
    }

    package static func busy(_ reason: String) -> Self {
        Self(.busy, reason, hint: "Wait a moment and repeat the request.")
    }

    package static let stopping = busy("The daemon is stopping.")

    package static func internalError(_ detail: String) -> Self {
        Self(
            .internalError, "Internal error of the daemon: \(detail). Nothing was changed.",
            hint: "Report this bug, with the daemon's log of that time.")
    }
}
