import LifecycleClient
import StoryEditor
import Testing

@Suite("What the video service can do to an order", .timeLimit(.minutes(60)))
struct UpstreamTests {
    static let failures: [(FakeUpstream.Behaviour, status: UInt, says: String)] = [
        (.answers("HTTP/1.1 500 Oh\r\ncontent-length: 0\r\n\r\n"), 502, "refused the job (500)"),
        (.answers("HTTP/1.1 400 No\r\ncontent-length: 19\r\n\r\n{\"detail\":\"no luck\"}"), 502, "refused"),
        (.answers("HTTP/1.1 302 Go\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n"), 502, "(302)"),
        (.answers("SSH-2.0-OpenSSH_9.2\r\n"), 502, "cannot be"),
        (.answers(FakeUpstream.ok("{}")), 502, "names no project"),
        (.answers(FakeUpstream.ok("<html>")), 502, "names no project"),
        (.answers(FakeUpstream.ok(#"{"id":7}"#)), 502, "names no project"),
        (.answers(FakeUpstream.ok(#"{"id":""}"#)), 502, "is not one"),
        (.answers(FakeUpstream.ok(#"{"id":"a\u007fb"}"#)), 502, "is not one"),
        (.answers(FakeUpstream.ok(#"{"id":"a\u0085b"}"#)), 502, "is not one"),
        (.answers("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"id\":\"a\""), 502, "could not be reached"),
        (.answers(FakeUpstream.ok(String(repeating: "x", count: 300_000))), 502, "too long"),
        (.hangs, 504, "in time"), (.trickles, 504, "in time"), (.dies, 502, "could not be reached"),
        (.shuts, 502, "could not be reached"),
    ]

    @Test("whatever the video service does instead, the credits are back before the answer", arguments: failures)
    func upstreamFails(_ behaviour: FakeUpstream.Behaviour, status: UInt, says: String) async throws {
        // Of those that answer none may be too slow on a slow machine.
        try await Stage.with(.set(\.upstreamTimeout, status == 504 ? 1 : 20)) { stage in
            try await stage.grant(100)
            stage.upstream.become(behaviour)
            let answer = try await stage.order(key: "one")
            #expect(answer.status == status && answer.json("detail")?.contains(says) == true, "\(answer.text)")
            #expect(answer.json("detail")?.hasSuffix("Your credits are back.") == true)
            #expect(try await stage.balance() == [100, 0])
            let failed = try #require(try await stage.client.listProjects(userId: "ana").projects.first)
            #expect(failed.status == .failed && failed.errorCode == "createFailed")
            #expect(answer.json("projectId") == failed.projectId.description)
            // The same request again gets the same answer, and is not begun after all.
            stage.upstream.become(.works)
            let asked = stage.upstream.seen.count
            let again = try await stage.order(key: "one")
            #expect(again.status == 502 && again.json("projectId") == answer.json("projectId"))
            #expect(stage.upstream.seen.count == asked)
        }
    }

    @Test("a video service that is not there")
    func noUpstream() async throws {
        try await Stage.with(.set(\.upstreamURL, "http://127.0.0.1:1")) { stage in
            try await stage.grant(100)
            let answer = try await stage.order()
            #expect(answer.status == 502 && answer.json("detail")?.contains("could not be reached") == true)
            #expect(try await stage.balance() == [100, 0])
        }
    }

    @Test("a cancel while the video service is called: the user sees what became of it, and has the credits")
    func cancelledMeanwhile() async throws {
        try await Stage.with { stage in
            try await stage.grant(100)
            let gate = Gate()
            stage.upstream.become(.worksAfter(gate.wait))
            async let first = stage.order(key: "one")
            try await waitFor("the request") { !stage.upstream.seen.isEmpty }
            async let byForm = stage.form("/projects", "key=two&prompt=a+hen")
            try await waitFor("the second request") { stage.upstream.seen.count == 2 }
            for project in try await stage.client.listProjects(userId: "ana").projects {
                #expect(try await stage.form("/projects/\(project.projectId)/cancel").status == 303)
            }
            gate.open()
            let answer = try await first
            #expect(answer.status == 200 && answer.json("errorCode") == "cancelled", "\(answer.text)")
            let page = try await byForm
            #expect(page.status == 303 && page.headers["location"]?.hasPrefix("/projects#p-") == true)
            #expect(try await stage.balance() == [100, 0])
        }
    }

    @Test("an id that the video service has given before: the credits are back before the answer")
    func repeatedUpstreamId() async throws {
        try await Stage.with { stage in
            try await stage.grant(100)
            stage.upstream.become(.answers(FakeUpstream.ok(#"{"id":"always the same"}"#)))
            #expect(try await stage.order("a fox").status == 201)
            for _ in 0..<2 {
                let answer = try await stage.order("a hen", key: "one")
                #expect(answer.status == 502 && answer.json("detail")?.contains("is another's") == true)
                #expect(answer.json("detail")?.hasSuffix("Your credits are back.") == true)
                #expect(try await stage.balance() == [60, 40])
            }
            let failed = try #require(try await stage.client.listProjects(userId: "ana").projects.first)
            #expect(failed.status == .failed && failed.errorCode == "createFailed")
        }
    }
}
