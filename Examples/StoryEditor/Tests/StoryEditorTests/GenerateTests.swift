import LifecycleClient
import StoryEditor
import Testing

@Suite("POST /api/story-editor/generate", .timeLimit(.minutes(3)))
struct GenerateTests {
    @Test("takes the credits, hands the job over and records its id")
    func works() async throws {
        try await Stage.with { stage in
            try await stage.grant(100)
            let answer = try await stage.order()
            #expect(answer.status == 201)
            #expect(answer.json("success") == "1" && answer.json("status") == "processing")
            let id = try #require(answer.json("projectId"))
            #expect(answer.json("externalId") == "sda-\(id)")
            #expect(answer.headers["location"] == "/api/story-editor/project/status?projectId=\(id)")
            #expect(try await stage.balance() == [60, 40])
            let requests = stage.upstream.seen
            let request = try #require(requests.first)
            #expect(requests.count == 1 && request.hasPrefix("POST /api/v1/project/video HTTP/1.1\r\n"))
            #expect(FakeUpstream.header("authorization", request) == "Bearer \(Stage.upstreamToken)")
            #expect(FakeUpstream.header("idempotency-key", request) == id)
            #expect(
                request.hasSuffix(
                    #"{"config":{"aspect_ratio":"16:9","prompt":"a fox","seed":7},"template_name":"story"}"#))
        }
    }

    @Test("the same Idempotency-Key is one order, also when it comes twice at once")
    func idempotent() async throws {
        try await Stage.with { stage in
            try await stage.grant(100)
            stage.upstream.become(.slow(.milliseconds(300)))
            async let first = stage.order(key: "one")
            async let second = stage.order(key: "one")
            let ids = [try await first.json("projectId"), try await second.json("projectId")]
            let third = try await stage.order(key: "one")
            #expect(Set(ids + [third.json("projectId")]).count == 1 && ids[0] != nil)
            #expect(try await stage.balance() == [60, 40])
            #expect(stage.upstream.seen.count == 1)
            let other = try await stage.order("a hen", key: "one")
            #expect(other.status == 422 && other.json("code") == "idempotencyConflict")
            #expect(try await stage.order(user: "bob", key: "one").status == 402, "a key is its user's own")
        }
    }

    @Test("without enough credits: 402, and nobody else is asked")
    func cannotPay() async throws {
        try await Stage.with { stage in
            try await stage.grant(39)
            let answer = try await stage.order()
            #expect(answer.status == 402 && answer.headers["content-type"] == "application/problem+json")
            #expect(answer.json("code") == "insufficientCredits" && answer.json("success") == "0")
            #expect(answer.json("available") == "39" && answer.json("required") == "40")
            #expect(stage.upstream.seen.isEmpty)
        }
    }

    static let badOrders: [(body: String, status: UInt, says: String)] = [
        ("", 422, "not JSON"), ("{", 422, "not JSON"), ("[]", 422, "object"), ("{}", 422, "config is missing"),
        (#"{"config":{}}"#, 422, "config.prompt is missing"), (#"{"config":{"prompt":7}}"#, 422, "wrong type"),
        (#"{"config":{"prompt":" \n "}}"#, 422, "what the video is about"),
        (#"{"config":{"prompt":"x","aspect_ratio":"3:1"}}"#, 422, "aspect_ratio"),
        (#"{"config":{"prompt":"x","quality":"8k"}}"#, 422, "quality"),
        (#"{"config":{"prompt":"x","music_volume":1.5}}"#, 422, "music_volume"),
        (#"{"config":{"prompt":"x","seed":1e300}}"#, 422, "number"),
        (#"{"template_name":"","config":{"prompt":"x"}}"#, 422, "name"),
        (#"{"config":{"prompt":"\#(String(repeating: "x", count: 4001))"}}"#, 422, "too long"),
        (#"{"config":{"prompt":"\#(String(repeating: "x", count: 70_000))"}}"#, 413, "longer than 65536"),
    ]

    @Test("a bad order costs nothing and says what is wrong with it")
    func badOrders() async throws {
        try await Stage.with { stage in
            try await stage.grant(100)
            for order in Self.badOrders {
                let answer = try await stage.post("/api/story-editor/generate", order.body)
                #expect(answer.status == order.status, "\(order.body.prefix(60))")
                #expect(answer.json("detail")?.contains(order.says) == true, "\(answer.text)")
            }
            let asText = try await stage.post(
                "/api/story-editor/generate", "{}", headers: ["Content-Type": "text/plain"])
            #expect(asText.status == 415)
            let longKey = try await stage.order(key: String(repeating: "k", count: 256))
            #expect(longKey.status == 422)
            #expect(try await stage.balance() == [100, 0])
            #expect(stage.upstream.seen.isEmpty)
        }
    }

    static let failures: [(FakeUpstream.Behaviour, status: UInt, says: String)] = [
        (.answers("HTTP/1.1 500 Oh\r\ncontent-length: 0\r\n\r\n"), 502, "refused the job (500)"),
        (.answers("HTTP/1.1 400 No\r\ncontent-length: 19\r\n\r\n{\"detail\":\"no luck\"}"), 502, "refused"),
        (.answers("HTTP/1.1 302 Go\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n"), 502, "(302)"),
        (.answers("SSH-2.0-OpenSSH_9.2\r\n"), 502, "cannot be"),
        (.answers(FakeUpstream.ok("{}")), 502, "names no project"),
        (.answers(FakeUpstream.ok("<html>")), 502, "names no project"),
        (.answers(FakeUpstream.ok(#"{"id":7}"#)), 502, "names no project"),
        (.answers(FakeUpstream.ok(#"{"id":""}"#)), 502, "is not one"),
        (.answers(FakeUpstream.ok(String(repeating: "x", count: 300_000))), 502, "too long"),
        (.hangs, 504, "in time"), (.trickles, 504, "in time"), (.dies, 502, "could not be reached"),
    ]

    @Test("whatever the video service does instead, the credits are back before the answer", arguments: failures)
    func upstreamFails(_ behaviour: FakeUpstream.Behaviour, status: UInt, says: String) async throws {
        try await Stage.with(.set(\.upstreamTimeout, 1)) { stage in
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
}
