import Foundation
import TestSupport

/// An event as it came over the wire.
struct WatchedEvent: Equatable {
    let seq: Int
    let kind: String
    let userId: String
    let projectId: String?
    let line: String

    init(_ line: String) throws {
        let message = try Reply(line).object
        guard message["method"] as? String == "event", message["id"] == nil,
            let params = message["params"] as? [String: Any], let seq = params["seq"] as? Int,
            let kind = params["kind"] as? String, let userId = params["userId"] as? String
        else { throw TestFailure("not an event: \(line)") }
        self.seq = seq
        self.kind = kind
        self.userId = userId
        projectId = params["projectId"] as? String
        self.line = line
    }
}

extension Connection {
    /// - Returns: the newest event at that moment.
    @discardableResult
    func watch(fromSeq: Int? = nil, userId: String? = nil, projectId: String? = nil) throws -> Int {
        var params: [String: Any] = [:]
        params["fromSeq"] = fromSeq
        params["userId"] = userId
        params["projectId"] = projectId
        let reply = try call("watch", params)
        guard let seq = reply.int("seq") else { throw TestFailure("watch: \(reply.line)") }
        return seq
    }

    func event() throws -> WatchedEvent {
        guard let line = try line() else { throw TestFailure("the watch has ended") }
        return try WatchedEvent(line)
    }

    func events(_ count: Int) throws -> [WatchedEvent] { try (0..<count).map { _ in try event() } }

    /// Events up to this one.
    func events(upTo seq: Int) throws -> [WatchedEvent] {
        var events: [WatchedEvent] = []
        while (events.last?.seq ?? 0) < seq { events.append(try event()) }
        return events
    }
}

extension TestDaemon {
    /// Everything that is committed, as a watch from the beginning gives it.
    func history() throws -> [WatchedEvent] {
        let connection = try connect()
        return try connection.events(try connection.watch(fromSeq: 0))
    }

    @discardableResult
    func grant(_ user: String, times: Int = 1) throws -> [Reply] {
        let connection = try connect()
        return try (0..<times).map { _ in
            try connection.call("grantCredits", ["userId": user, "credits": 1, "reason": "r"])
        }
    }

    /// Many writes in few commits.
    func grantAtOnce(_ user: String, times: Int) throws {
        let connection = try connect()
        let request = try Connection.request("grantCredits", ["userId": user, "credits": 1, "reason": "r"], id: 1)
        let sending = BackgroundSend(Array(String(repeating: request, count: times).utf8), to: connection)
        for _ in 0..<times { _ = try connection.reply() }
        try sending.wait()
    }
}
