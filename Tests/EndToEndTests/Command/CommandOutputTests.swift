import Foundation
import TestSupport
import Testing

@Suite("lifecyclectl: what it prints through a pipe")
struct CommandOutputTests {
    /// Three projects of ada: one failed, one completed, one pending.
    static func story() throws -> TestDaemon {
        let daemon = try TestDaemon()
        _ = try daemon.output("grant", "ada", "100", "--reason", "order 4711", "--key", "order-4711")
        _ = try daemon.output("create", "ada", "40", "--external-id", "story-1", "--name", "The fox")
        _ = try daemon.output("update", "processing", "--external-id", "story-1")
        _ = try daemon.output("update", "failed", "--external-id", "story-1", "--message", "GPU lost")
        _ = try daemon.output("create", "ada", "5", "--external-id", "story-2", "--metadata", #"{"pages": 12}"#)
        _ = try daemon.output("update", "completed", "--external-id", "story-2")
        _ = try daemon.output("create", "ada", "30", "--external-id", "story-3", "--key", "k3")
        return daemon
    }

    @Test("a list is a table of aligned columns, never cut, with figures on request")
    func list() throws {
        let daemon = try Self.story()
        #expect(
            try daemon.output("list", "--stats").masked == """
                PROJECT                               STATUS     CREDITS  USER  CREATED               DETAILS
                PROJECT-ID--------------------------  pending         30  ada   DATE------ TIME----Z
                PROJECT-ID--------------------------  completed        5  ada   DATE------ TIME----Z
                PROJECT-ID--------------------------  failed          40  ada   DATE------ TIME----Z  \
                The fox; pipelineFailed: GPU lost

                Total
                3 projects: 1 pending, 0 processing, 1 completed, 1 failed
                75 credits: 30 held, 5 spent, 40 refunded
                50 % of the finished projects completed, on average after SECONDS

                """)
        #expect(try daemon.output("list", "--user", "nobody") == "No projects.\n")
        let statuses = ["--status", "failed,pending", "--status", "completed"]
        #expect(try Command(["list"] + statuses, socket: daemon.socket).lines.count == 5)
        #expect(try daemon.output("list", "--status", "failed").split(separator: "\n").count == 2)
    }

    @Test(
        "--since takes an age, a day or a moment",
        arguments: ["30m", "2h", "7d", "0001-01-01", "2026-11-20T01:02:03+01:00"])
    func since(_ text: String) throws {
        let daemon = try SharedDaemon.get()
        let user = SharedDaemon.newUser()
        _ = try daemon.output("create", user, "0")
        #expect(try daemon.output("list", "--user", user, "--since", text).split(separator: "\n").count == 2)
        #expect(try daemon.output("list", "--user", user, "--since", "9999-12-31") == "No projects.\n")
    }

    @Test("pages go on where the last one ended, and --all shows every page")
    func pages() throws {
        let daemon = try Self.story()
        let all = try daemon.output("list", "--all")
        #expect(try daemon.output("list", "--all", "--limit", "1") == all)
        let first = try daemon.command("list", "--limit", "2")
        let cursor = try #require(first.lines.dropLast().last?.prefix(36))
        #expect(first.errors == "lifecyclectl: There are more rows: continue with --cursor \(cursor), or use --all.\n")
        let rest = try daemon.command("list", "--cursor", String(cursor))
        #expect(rest.lines.count == 3 && rest.errors.isEmpty)
        let entries = try daemon.output("entries", "ada", "--all", "--limit", "2")
        #expect(entries == (try daemon.output("entries", "ada")))
        #expect(try daemon.command("entries", "ada", "--limit", "2").errors.contains("--cursor "))
        let pages = try daemon.output("list", "--all", "--limit", "2", "--json").split(separator: "\n")
        #expect(pages.count == 2)
    }

    @Test("--json is the daemon's own text")
    func json() throws {
        let daemon = try Self.story()
        func result(_ method: String, _ params: [String: Any]) throws -> String {
            let line = try daemon.call(method, params).line
            let start = try #require(line.range(of: #""result":"#)).upperBound
            return String(line[start...].dropLast()) + "\n"
        }
        #expect(try daemon.output("list", "--json", "--stats") == result("listProjects", ["includeStats": true]))
        let id = ["externalId": "story-1"]
        #expect(try daemon.output("status", "--json", "--external-id", "story-1") == result("getStatus", id))
        #expect(try daemon.output("explain", "--json", "--external-id", "story-1") == result("explainProject", id))
        #expect(try daemon.output("balance", "ada", "--json") == result("getBalance", ["userId": "ada"]))
        #expect(try daemon.output("entries", "ada", "--json") == result("listEntries", ["userId": "ada"]))
        #expect(try daemon.output("discover", "--json") == result("rpc.discover", [:]))
        #expect(try daemon.output("audit", "--json") == result("audit", [:]))
        #expect(try daemon.output("call", "getBalance", #"["ada"]"#) == result("getBalance", ["userId": "ada"]))
        let replay = try daemon.output("create", "ada", "30", "--external-id", "story-3", "--key", "k3", "--json")
        #expect(replay.hasSuffix("\"replayed\":true}\n"))
    }

    @Test("members that this version does not know stand in --json, and the rest is shown")
    func unknownMembers() throws {
        let result = #"{"userId":"ada","available":1,"held":2,"new":[1.0]}"#
        #expect(try CannedDaemon.answer(result, to: "balance", "ada", "--json").output == result + "\n")
        let shown = try CannedDaemon.answer(result, to: "balance", "ada").output
        #expect(shown == "user       ada\navailable  1\nheld       2\n")
    }
}
