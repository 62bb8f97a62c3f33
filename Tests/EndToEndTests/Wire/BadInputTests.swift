import Foundation
import Testing

@Suite("Bad input is refused with a clear error and changes nothing")
struct BadInputTests {
    let daemon: TestDaemon
    let user = SharedDaemon.newUser()

    init() throws { daemon = try SharedDaemon.get() }

    @Test(
        "every kind of it", arguments: [["createProject"], ["updateStatus"], ["grantCredits"], ["adjustCredits"], []])
    func refused(_ methods: [String]) throws {
        let writes = ["createProject", "updateStatus", "grantCredits", "adjustCredits"]
        let inputs = BadInput.all.filter { methods.isEmpty ? !writes.contains($0.method) : methods.contains($0.method) }
        try #require(inputs.count > 20)
        let connection = try daemon.connect()
        _ = try connection.call("grantCredits", ["userId": user, "credits": 100, "reason": "r"])
        let created = try connection.call(
            "createProject",
            ["userId": user, "credits": 10, "idempotencyKey": "\(user)-k", "externalId": "\(user)-x"])
        _ = try connection.call("createProject", ["userId": user, "credits": 0, "externalId": "\(user)-o"])
        let projectId = try #require(created.string("project.projectId"))
        let before = try daemon.snapshot(of: user)
        let history = try connection.call("explainProject", ["projectId": projectId]).line.dropID()

        for input in inputs {
            let params = input.params.replacingOccurrences(of: "USER", with: user)
                .replacingOccurrences(of: "KEY", with: "\(user)-k").replacingOccurrences(of: "EXT", with: "\(user)-x")
                .replacingOccurrences(of: "OTHER", with: "\(user)-o").replacingOccurrences(of: "ID", with: projectId)
            try connection.send(#"{"jsonrpc":"2.0","id":1,"method":"\#(input.method)","params":\#(params)}"# + "\n")
            let reply = try connection.reply()
            #expect(reply.kind == input.kind, "\(input.method) \(input.params.prefix(120))")
            if let param = input.param {
                #expect(reply.data?["param"] as? String == param, "\(input.method) \(input.params.prefix(120))")
            }
            #expect(reply.error?["message"] is String && reply.data?["hint"] is String)
        }
        #expect(try daemon.snapshot(of: user) == before)
        #expect(try connection.call("explainProject", ["projectId": projectId]).line.dropID() == history)
    }

    @Test(
        "whole numbers are taken however they are written",
        arguments: ["40", "40.0", "4e1", "400e-1", "0.4E+2", "40.000"])
    func wholeNumbers(_ number: String) throws {
        let reply = try Reply(
            daemon.answer(
                to: #"{"jsonrpc":"2.0","id":1,"method":"grantCredits","params":["\#(user)",\#(number),"r"]}"#))
        #expect(reply.int("balance.available") == 40)
    }

    @Test("the largest and the smallest that is allowed is taken")
    func bounds() throws {
        let connection = try daemon.connect()
        let largest = 9_007_199_254_740_991
        let name = String(repeating: "\u{E9}", count: 63) + "\(user)".suffix(2)
        for user in [user, name] {
            let grant = try connection.call(
                "grantCredits",
                [
                    "userId": user, "credits": largest, "reason": String(repeating: "r", count: 1024),
                    "idempotencyKey": String(repeating: "k", count: 255),
                ])
            #expect(grant.int("balance.available") == largest)
        }
        let padding = 16 * 1024 - #"{"a":""}"#.utf8.count
        let created = try connection.call(
            "createProject",
            [
                "userId": user, "credits": 1_000_000, "name": "",
                "externalId": user + String(repeating: "e", count: 255 - user.utf8.count),
                "metadata": ["a": String(repeating: "m", count: padding)], "startTimeout": 1, "lease": 86_400,
                "maxRuntime": 2_592_000,
            ])
        #expect(created.int("balance.held") == 1_000_000)
        #expect(try connection.call("createProject", ["userId": user, "credits": 0]).error == nil)
        let adjust = try connection.call(
            "adjustCredits", ["userId": name, "credits": -largest, "reason": "r", "idempotencyKey": "k"])
        #expect(adjust.int("balance.available") == 0)
    }

    @Test("texts that look alike and differ in their bytes are different")
    func normalisation() throws {
        let connection = try daemon.connect()
        let (composed, decomposed) = ("\(user)\u{E9}", "\(user)e\u{301}")
        try #require(composed == decomposed)  // To Swift; not to us.
        func balance(_ user: String) throws -> Int? {
            try connection.call("getBalance", ["userId": user]).int("available")
        }
        _ = try connection.call("grantCredits", ["userId": composed, "credits": 5, "reason": "r"])
        #expect(try balance(composed) == 5)
        #expect(try balance(decomposed) == 0)
        var ids: Set<String> = []
        for key in [composed, decomposed] {
            let created = try connection.call(
                "createProject", ["userId": composed, "credits": 1, "idempotencyKey": key, "externalId": key])
            #expect(created.bool("replayed") == false)
            ids.insert(try #require(created.string("project.projectId")))
        }
        #expect(ids.count == 2)
        #expect(try connection.call("listProjects", ["userId": decomposed]).line.contains(#""projects":[]"#))
        let differs = try connection.call(
            "createProject", ["userId": composed, "credits": 1, "idempotencyKey": composed, "externalId": decomposed])
        #expect(differs.kind == "idempotencyConflict")
    }

    @Test("a long errorMessage is cut after 8 KiB and before a scalar")
    func longMessage() throws {
        let connection = try daemon.connect()
        _ = try connection.call("createProject", ["userId": user, "credits": 0, "externalId": user])
        let message = "x" + String(repeating: "\u{1F600}", count: 4000)
        let reply = try connection.call(
            "updateStatus", ["externalId": user, "status": "failed", "errorMessage": message])
        #expect(reply.string("project.errorMessage") == "x" + String(repeating: "\u{1F600}", count: 2047))
    }
}
