import Foundation
import Testing

@Suite("The limit of replies")
struct ReplyLimitTests {
    let daemon: TestDaemon
    static let limit = 65_536

    /// Six projects with 15 KiB of metadata each.
    init() throws {
        daemon = try TestDaemon(["--max-reply-bytes", "\(Self.limit)"])
        let connection = try daemon.connect()
        for number in 1...6 {
            let metadata = ["a": String(repeating: "m", count: 15 * 1024)]
            _ = try connection.call(
                "createProject", ["userId": "ada", "credits": 0, "externalId": "e\(number)", "metadata": metadata])
        }
    }

    @Test("a reply too large is refused, the connection goes on, and less at once is answered")
    func tooLarge() throws {
        let connection = try daemon.connect()
        let refusal = try connection.call("listProjects", ["userId": "ada"])
        #expect(refusal.code == -32008)
        #expect(refusal.kind == "replyTooLarge")
        #expect(refusal.data?["limit"] as? Int == Self.limit)
        #expect(refusal.object["id"] as? Int == 1)
        let page = try connection.call("listProjects", ["userId": "ada", "limit": 4])
        #expect((page["projects"] as? [Any])?.count == 4)
        #expect(page.line.utf8.count <= Self.limit)
    }

    @Test("a batch is cut where its line would be too long; what is small still fits, and writes are carried out")
    func batch() throws {
        let connection = try daemon.connect()
        var requests = (1...6).map { #"{"jsonrpc":"2.0","id":\#($0),"method":"getStatus","params":[null,"e\#($0)"]}"# }
        requests.append(#"{"jsonrpc":"2.0","id":7,"method":"updateStatus","params":["completed",null,"e6"]}"#)
        requests.append(Ping.request(id: "8"))
        try connection.send("[" + requests.joined(separator: ",") + "]\n" + Ping.request() + "\n")
        let line = try #require(try connection.line())
        let replies = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [[String: Any]])
        #expect(replies.compactMap { $0["id"] as? Int } == Array(1...8))
        #expect(
            replies.map { ($0["error"] as? [String: Any])?["code"] as? Int }
                == [nil, nil, nil, nil, -32008, -32008, -32008, nil])
        #expect(line.utf8.count < Self.limit + 4096)
        #expect(try connection.line() == Ping.reply())
        #expect(try connection.call("listProjects", ["status": "completed", "limit": 1]).line.contains("\"e6\""))
    }
}
