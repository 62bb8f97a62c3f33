import LifecycleClient
import StoryEditor
import Testing

@Suite("POST /api/story-editor/generate", .timeLimit(.minutes(60)))
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

    @Test("another order under the same Idempotency-Key is refused, also when it comes while the first one starts")
    func conflictAtOnce() async throws {
        try await Stage.with { stage in
            try await stage.grant(100)
            let gate = Gate()
            stage.upstream.become(.worksAfter(gate.wait))
            async let first = stage.order("a fox", key: "one")
            try await waitFor("the request") { !stage.upstream.seen.isEmpty }
            let second = try await stage.order("a hen", key: "one")
            #expect(second.status == 422 && second.json("code") == "idempotencyConflict")
            gate.open()
            #expect(try await first.status == 201)
            #expect(stage.upstream.seen.count == 1)
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

    private static let longNames = Array(repeating: "\"\(String(repeating: "n", count: 255))\"", count: 99)
        .joined(separator: ",")

    static let badOrders: [(body: String, status: UInt, says: String)] = [
        ("", 422, "not JSON"), ("{", 422, "not JSON"), ("[]", 422, "object"), ("{}", 422, "config is missing"),
        (#"{"config":{}}"#, 422, "config.prompt is missing"), (#"{"config":{"prompt":7}}"#, 422, "wrong type"),
        (#"{"config":{"prompt":" \n "}}"#, 422, "what the video is about"),
        (#"{"config":{"prompt":"x","aspect_ratio":"3:1"}}"#, 422, "aspect_ratio"),
        (#"{"config":{"prompt":"x","quality":"8k"}}"#, 422, "quality"),
        (#"{"config":{"prompt":"x","music_volume":1.5}}"#, 422, "music_volume"),
        (#"{"config":{"prompt":"x","seed":1e300}}"#, 422, "number"),
        (#"{"template_name":"","config":{"prompt":"x"}}"#, 422, "name"),
        (#"{"config":{"prompt":"x","entity_ids":[\#(longNames)]}}"#, 422, "too many bytes"),
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
}
