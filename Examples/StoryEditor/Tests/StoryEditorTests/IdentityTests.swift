import AsyncHTTPClient
import NIOHTTP1
import Testing

@testable import StoryEditor

@Suite("Who is signed in", .timeLimit(.minutes(60)))
struct IdentityTests {
    @Test("nobody, a wrong secret, no secret, and two who claim to be the proxy are all refused")
    func refused() async throws {
        try await Stage.with { stage in
            func status(_ headers: [(String, String)]) async throws -> [UInt] {
                var statuses: [UInt] = []
                for path in ["/api/user/projects", "/projects", "/projects/events", "/admin"] {
                    var request = stage.request("GET", path, user: nil)
                    for (name, value) in headers { request.headers.add(name: name, value: value) }
                    statuses.append(try await stage.send(request).status)
                }
                return statuses
            }
            let (user, secret) = (("X-Forwarded-User", "root"), ("X-Proxy-Secret", Stage.proxySecret))
            for headers in [
                [], [user], [user, ("X-Proxy-Secret", "")], [user, ("X-Proxy-Secret", Stage.proxySecret + "x")],
                [("X-Forwarded-User", "ana"), user, secret], [user, secret, secret],
                [("X-Forwarded-User", ""), secret],
                [("X-Forwarded-User", String(repeating: "x", count: 129)), secret],
                // What bytes that are no UTF-8 become.
                [("X-Forwarded-User", "an\u{FFFD}"), secret],
            ] {
                let statuses = try await status(headers)
                #expect(statuses == [401, 401, 401, 401], "\(headers)")
            }
        }
    }

    @Test("the secret alone does not do: it must come from the proxy's address")
    func address() async throws {
        try await Stage.with(.set(\.proxyAddresses, ["192.0.2.1"])) { stage in
            let answer = try await stage.get("/api/user/projects")
            #expect(answer.status == 401 && answer.json("code") == "untrustedIdentity")
        }
        let configuration = try Configuration(environment: Self.good)
        #expect(configuration.isProxy("127.0.0.1") && configuration.isProxy("::1"))
        #expect(!configuration.isProxy("192.0.2.1") && !configuration.isProxy(nil), "unknown is not trusted")
    }

    @Test("other sites cannot send requests in a visitor's name")
    func otherSites() async throws {
        try await Stage.with { stage in
            try await stage.grant(100)
            let body = #"{"config":{"prompt":"x"}}"#
            for headers in [
                ["Origin": "https://evil.example"], ["Sec-Fetch-Site": "cross-site"], ["Sec-Fetch-Site": "same-site"],
            ] {
                #expect(try await stage.post("/api/story-editor/generate", body, headers: headers).status == 403)
                #expect(try await stage.form("/projects", "prompt=x", headers: headers).status == 403)
            }
            #expect(try await stage.balance() == [100, 0])
            let own = ["Origin": "http://127.0.0.1:\(stage.port)"]
            #expect(try await stage.post("/api/story-editor/generate", body, headers: own).status == 201)
        }
    }

    @Test(
        "secrets are compared whole",
        arguments: [
            ("a", "a", true), ("a", "b", false), ("", "", true), ("", "a", false),
            ("aa", "a", false), ("a", "aa", false), ("é", "e\u{301}", false),
        ])
    func constantTime(_ a: String, _ b: String, _ isEqual: Bool) {
        #expect(ConstantTime.areEqual(a, b) == isEqual)
    }

    static let good = [
        "STORY_EDITOR_UPSTREAM_URL": "https://video.example", "STORY_EDITOR_UPSTREAM_TOKEN": "t",
        "STORY_EDITOR_PIPELINE_TOKENS": "0123456789abcdef,fedcba9876543210",
        "STORY_EDITOR_PROXY_SECRET": "0123456789abcdef",
    ]

    @Test("the app does not start without its secrets, nor with short ones or numbers out of range")
    func configuration() throws {
        #expect(try Configuration(environment: Self.good).pipelineTokens.count == 2)
        let spaced = try Configuration(
            environment: Self.good.merging(
                [
                    "STORY_EDITOR_ADMINS": "ana, bob ,", "STORY_EDITOR_PROXY_ADDRESSES": " 192.0.2.1",
                    "STORY_EDITOR_PIPELINE_TOKENS": "0123456789abcdef, fedcba9876543210",
                ]) { $1 })
        #expect(spaced.admins == ["ana", "bob"] && spaced.isProxy("192.0.2.1"))
        #expect(spaced.pipelineTokens == ["0123456789abcdef", "fedcba9876543210"])
        for name in Self.good.keys {
            #expect(throws: ConfigurationError.self) {
                try Configuration(environment: Self.good.filter { $0.key != name })
            }
        }
        for (name, value) in [
            ("STORY_EDITOR_PROXY_SECRET", "short"), ("STORY_EDITOR_PIPELINE_TOKENS", "0123456789abcdef,short"),
            ("STORY_EDITOR_PIPELINE_TOKENS", " , "),
            ("STORY_EDITOR_PORT", "65536"), ("STORY_EDITOR_PRICE", "-1"), ("STORY_EDITOR_UPSTREAM_TIMEOUT", "x"),
            ("STORY_EDITOR_UPSTREAM_URL", "video.example"),
        ] {
            #expect(throws: ConfigurationError.self) {
                try Configuration(environment: Self.good.merging([name: value]) { $1 })
            }
        }
    }
}
