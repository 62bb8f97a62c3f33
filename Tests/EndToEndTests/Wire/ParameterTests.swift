import Foundation
import Testing

@Suite("Parameters by name and by position")
struct ParameterTests {
    let daemon: TestDaemon
    let user = SharedDaemon.newUser()

    init() throws { daemon = try SharedDaemon.get() }

    /// A project with every field set, made by position, and the values that made it.
    private func setUp(on connection: Connection) throws -> (projectId: String, values: [String: [Any]]) {
        let grant: [Any] = [user, 100, "welcome", "\(user)-g"]
        #expect(try connection.call("grantCredits", positions: grant).bool("replayed") == false)
        let adjust: [Any] = [user, -10, "correction", "\(user)-a"]
        #expect(try connection.call("adjustCredits", positions: adjust).int("balance.available") == 90)
        let create: [Any] = [user, 40, "\(user)-k", "\(user)-x", "A film", ["scene": 1], 100, 200, 300]
        let created = try connection.call("createProject", positions: create)
        let projectId = try #require(created.string("project.projectId"))
        let lost = try #require(
            try connection.call("createProject", ["userId": user, "credits": 1]).string("project.projectId"))
        _ = try connection.call("updateStatus", ["projectId": lost, "status": "failed"])
        // Its deadline is the end of its runtime, whenever it is reported on.
        let terms: [String: Any] = ["userId": user, "credits": 1, "lease": 600, "maxRuntime": 300]
        let running = try #require(try connection.call("createProject", terms).string("project.projectId"))
        _ = try connection.call("updateStatus", ["projectId": running, "status": "processing"])
        return (
            projectId,
            [
                "grantCredits": grant, "adjustCredits": adjust, "createProject": create,
                "updateStatus": ["failed", projectId, "\(user)-x", "GPU lost", "crashed"],
                "getStatus": [projectId, "\(user)-x"],
                "listProjects": [
                    user, ["failed", "pending"], "2020-01-01T00:00:00Z", "2100-01-01T00:00:00Z", 5, projectId, true,
                    "2100-01-01T00:00:00Z",
                ],
                "heartbeat": [running, "\(user)-x", 0.5, "frame 7", false, 60], "cancelProject": [projectId],
                "retryProject": [lost, "\(user)-r"],
                "explainProject": [projectId, "\(user)-x"], "getBalance": [user], "listEntries": [user, 2, "1000000"],
                // Nobody's events, which would stand between the replies.
                "watch": [0, "\(user)-nobody", projectId],
                "audit": [], "backup": ["\(user).db"], "getMetrics": [], "rpc.discover": [],
            ]
        )
    }

    @Test("a project that was created by position has every field in its place")
    func createByPosition() throws {
        let connection = try daemon.connect()
        let (projectId, _) = try setUp(on: connection)
        let status = try connection.call("getStatus", ["projectId": projectId])
        #expect(status.string("project.userId") == user)
        #expect(status.int("project.creditsUsed") == 40)
        #expect(status.string("project.externalId") == "\(user)-x")
        #expect(status.string("project.name") == "A film")
        #expect(status.line.contains(#""metadata":{"scene":1}"#))
        let created = try #require(try status.date("project.createdAt"))
        #expect(try status.date("project.deadline")?.timeIntervalSince(created) == 100)
    }

    @Test("both ways mean the same", arguments: MethodCase.all)
    func sameBothWays(_ method: MethodCase) throws {
        let connection = try daemon.connect()
        let values = try #require(try setUp(on: connection).values[method.name])
        try #require(values.count == method.parameters.count)
        let named = Dictionary(uniqueKeysWithValues: zip(method.parameters, values))
        // The first one of these changes something, and the keys of the other writes were used by `setUp`.
        if ["updateStatus", "cancelProject", "retryProject"].contains(method.name) {
            _ = try connection.call(method.name, named)
        }
        let byName = try connection.call(method.name, named)
        let byPosition = try connection.call(method.name, positions: values)
        #expect(byName.error == nil)
        if method.name == "backup" {
            #expect(byPosition.kind == "backupFailed", "the same, so that it is there already")
        } else if ["audit", "getMetrics", "watch", "heartbeat"].contains(method.name) {
            // They see what other tests do, or what time it is.
            #expect(Set((byName.result ?? [:]).keys) == Set((byPosition.result ?? [:]).keys))
        } else {
            #expect(byName.line.dropID() == byPosition.line.dropID())
        }
    }

    @Test("answers are as rpc.discover describes them, member by member", arguments: MethodCase.all)
    func described(_ method: MethodCase) throws {
        let connection = try daemon.connect()
        let values = try #require(try setUp(on: connection).values[method.name])
        let document = try #require(try connection.call("rpc.discover").result)
        let methods = try #require(document["methods"] as? [[String: Any]])
        let description = methods.first { $0["name"] as? String == method.name }?["result"] as? [String: Any]
        let schema = try #require(description?["schema"] as? [String: Any])
        let named = Dictionary(uniqueKeysWithValues: zip(method.parameters, values))
        let result = try #require(try connection.call(method.name, named).result)
        #expect(SchemaCheck(document).faults(of: result, schema) == [])
    }

    @Test("by position, null and what is left out at the end stand for \"not given\"", arguments: MethodCase.all)
    func nullByPosition(_ method: MethodCase) throws {
        let connection = try daemon.connect()
        let all = try #require(try setUp(on: connection).values[method.name])
        // One of the two that name a project is enough; other users' projects are other tests'.
        let needed = method.required.union(method.parameters.filter { ["projectId", "userId"].contains($0) })
        let values = zip(method.parameters, all).map { needed.contains($0) ? $1 : NSNull() }
        let last = (method.parameters.lastIndex { needed.contains($0) } ?? -1) + 1
        // Without a key the writes would change something, and these reads see what other tests do.
        let others = [
            "createProject", "grantCredits", "adjustCredits", "audit", "backup", "getMetrics", "watch", "retryProject",
        ]
        guard !others.contains(method.name) else { return }
        let byName = try connection.call(
            method.name, Dictionary(uniqueKeysWithValues: zip(method.parameters, values).filter { !($1 is NSNull) }))
        #expect(byName.error == nil)
        if method.name == "updateStatus" { _ = try connection.call(method.name, positions: Array(values[..<last])) }
        let again = try connection.call(method.name, positions: values)
        let short = try connection.call(method.name, positions: Array(values[..<last]))
        #expect(again.error == nil)
        #expect(again.line.dropID() == short.line.dropID())
    }

    @Test("a name that the method does not know is refused, and nothing happens", arguments: MethodCase.all)
    func unknownName(_ method: MethodCase) throws {
        let connection = try daemon.connect()
        let (_, values) = try setUp(on: connection)
        var named = Dictionary(uniqueKeysWithValues: zip(method.parameters, try #require(values[method.name])))
        // Would be a new write, were it not for the unknown name.
        if named["idempotencyKey"] != nil { named["idempotencyKey"] = "\(user)-new" }
        if method.name == "createProject" { named["externalId"] = "\(user)-new" }
        let before = try daemon.snapshot(of: user)
        for name in ["nonsense", "", "USERID", "userid", "user\u{49}d ", "e\u{301}", "jsonrpc"] {
            named[name] = 1
            let reply = try connection.call(method.name, named)
            named[name] = nil
            #expect(reply.code == -32602)
            #expect(reply.data?["param"] as? String == name)
        }
        #expect(try daemon.snapshot(of: user) == before)
    }

    @Test("one position too many is refused, and nothing happens", arguments: MethodCase.all)
    func onePositionTooMany(_ method: MethodCase) throws {
        let connection = try daemon.connect()
        let (_, values) = try setUp(on: connection)
        var positions = try #require(values[method.name])
        if let place = method.parameters.firstIndex(of: "idempotencyKey") { positions[place] = "\(user)-new" }
        if method.name == "createProject" { positions[3] = "\(user)-new" }
        let before = try daemon.snapshot(of: user)
        for extra: Any in [1, NSNull()] {
            let reply = try connection.call(method.name, positions: positions + [extra])
            #expect(reply.code == -32602)
            #expect(reply.data?["param"] as? String == "[\(positions.count)]")
        }
        #expect(try daemon.snapshot(of: user) == before)
    }

    @Test("each required parameter is missed by its name, and null is a wrong type by name", arguments: MethodCase.all)
    func missing(_ method: MethodCase) throws {
        let connection = try daemon.connect()
        let values = try #require(try setUp(on: connection).values[method.name])
        let named = Dictionary(uniqueKeysWithValues: zip(method.parameters, values))
        let before = try daemon.snapshot(of: user)
        for name in method.parameters {
            var params = named
            if method.required.contains(name) {
                params[name] = nil
                let reply = try connection.call(method.name, params)
                #expect(reply.code == -32602)
                #expect(reply.data?["param"] as? String == name)
                #expect((reply.data?["reason"] as? String)?.contains("missing") == true)
            }
            params[name] = NSNull()
            let reply = try connection.call(method.name, params)
            #expect(reply.code == -32602)
            #expect(reply.data?["param"] as? String == name)
        }
        #expect(try daemon.snapshot(of: user) == before)
    }
}

extension Connection {
    /// A call with its parameters by position.
    func call(_ method: String, positions: [Any]) throws -> Reply {
        let object: [String: Any] = ["jsonrpc": "2.0", "id": 0, "method": method, "params": positions]
        let text = try JSONSerialization.data(withJSONObject: object)
        try send(String(decoding: text, as: UTF8.self) + "\n")
        return try reply()
    }
}

extension Reply {
    func date(_ path: String) throws -> Date? {
        try string(path).map { try Date($0, strategy: Date.ISO8601FormatStyle(includingFractionalSeconds: true)) }
    }
}

extension String {
    /// A reply line without its id.
    func dropID() -> Substring { drop { $0 != "," }.dropFirst().drop { $0 != "," } }
}
