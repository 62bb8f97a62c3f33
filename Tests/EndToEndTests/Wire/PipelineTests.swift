import Foundation
import Testing

@Suite("Pipelined requests")
struct PipelineTests {
    let daemon: TestDaemon
    let user = SharedDaemon.newUser()

    init() throws { daemon = try SharedDaemon.get() }

    /// Requests of every kind, in a fixed mixture: the line, and the ids that it is answered with.
    private func line(_ number: Int) -> (request: String, ids: [Int]) {
        let grant = #""method":"grantCredits","params":["\#(user)",1,"n"]}"#
        switch number % 10 {
        case 0: return (#"{"jsonrpc":"2.0","id":\#(number),"method":"getBalance","params":["\#(user)"]}"#, [number])
        case 1, 2, 3: return (#"{"jsonrpc":"2.0","id":\#(number),\#(grant)"#, [number])
        case 4: return (#"{"jsonrpc":"2.0",\#(grant)"#, [])
        case 5: return (#"{"jsonrpc":"2.0","id":\#(number),"method":"listEntries","params":["\#(user)",2]}"#, [number])
        case 6: return (#"{"jsonrpc":"2.0","id":\#(number),"method":"nonsense"}"#, [number])
        case 7:
            return (#"{"jsonrpc":"2.0","id":\#(number),"method":"grantCredits","params":["\#(user)",0,"n"]}"#, [number])
        case 8:
            let parts = [
                #"{"jsonrpc":"2.0","id":\#(number),\#(grant)"#, #"{"jsonrpc":"2.0",\#(grant)"#,
                #"{"jsonrpc":"2.0","id":\#(number + 1),"method":"getBalance","params":["\#(user)"]}"#,
            ]
            return ("[" + parts.joined(separator: ",") + "]", [number, number + 1])
        default: return (#"[{"jsonrpc":"2.0",\#(grant)]"#, [])
        }
    }

    @Test("thousands of mixed requests in one write are answered in order, and each sees the writes before it")
    func order() throws {
        let lines = (0..<6000).map(line)
        let output = try daemon.exchange(lines.map(\.request).joined(separator: "\n") + "\n")

        var ids: [Int] = []
        var lastBalance = 0
        for line in output {
            let value = try JSONSerialization.jsonObject(with: Data(line.utf8))
            for reply in value as? [[String: Any]] ?? [value as? [String: Any] ?? [:]] {
                ids.append(try #require(reply["id"] as? Int))
                let result = reply["result"] as? [String: Any]
                let balance = result?["balance"] as? [String: Any] ?? result
                guard let available = balance?["available"] as? Int else { continue }
                #expect(available >= lastBalance)
                lastBalance = available
            }
        }
        #expect(ids == lines.flatMap(\.ids))
        // Three requests, a notification, two in a batch, a notification in a batch: of every ten lines.
        #expect(try daemon.call("getBalance", ["userId": user]).int("available") == 600 * 7)
    }

    @Test("a pipeline reads what it has just written")
    func readsItsWrites() throws {
        var requests: [String] = []
        func add(_ method: String, _ params: [String: Any]) throws {
            requests.append(try Connection.request(method, params, id: requests.count))
        }
        try add("grantCredits", ["userId": user, "credits": 1000, "reason": "n"])
        for number in 1...50 {
            let externalID = "\(user)-\(number)"
            try add("createProject", ["userId": user, "credits": 3, "externalId": externalID])
            try add("getStatus", ["externalId": externalID])
            try add("updateStatus", ["externalId": externalID, "status": "processing"])
            try add("updateStatus", ["externalId": externalID, "status": "failed", "errorMessage": "\(number)"])
            try add("getStatus", ["externalId": externalID])
            try add("listProjects", ["userId": user, "limit": 1])
            try add("createProject", ["userId": user, "credits": 2])
            try add("getBalance", ["userId": user])
        }
        let replies = try daemon.exchange(requests.joined()).map { try Reply($0) }
        #expect(replies.compactMap { $0.object["id"] as? Int } == Array(0..<requests.count))
        for number in 1...50 {
            let first = 1 + (number - 1) * 8
            #expect(replies[first + 1].string("project.status") == "pending")
            #expect(replies[first + 4].string("project.errorMessage") == "\(number)")
            let newest = (replies[first + 5]["projects"] as? [[String: Any]])?.first
            #expect(newest?["externalId"] as? String == "\(user)-\(number)")
            #expect(newest?["status"] as? String == "failed")
            #expect(replies[first + 7].int("available") == 1000 - 2 * number)
            #expect(replies[first + 7].int("held") == 2 * number)
        }
    }

    @Test("connections that pipeline side by side do not mix")
    func sideBySide() throws {
        let count = 2000
        let connections = try (0..<6).map { _ in try daemon.connect() }
        let users = connections.map { _ in SharedDaemon.newUser() }
        let sendings = zip(connections, users).map { connection, user in
            let lines = (1...count).map {
                #"{"jsonrpc":"2.0","id":"\#(user)/\#($0)","method":"grantCredits","params":["\#(user)",1,"n"]}"# + "\n"
            }
            return BackgroundSend(Array(lines.joined().utf8), to: connection, endsInput: true)
        }
        for (connection, user) in zip(connections, users) {
            let replies = try connection.lines()
            #expect(replies.count == count)
            for (index, reply) in replies.enumerated() {
                #expect(reply.hasPrefix(#"{"jsonrpc":"2.0","id":"\#(user)/\#(index + 1)","result":"#))
            }
            #expect(try daemon.call("getBalance", ["userId": user]).int("available") == count)
        }
        for sending in sendings { try sending.wait() }
    }
}
