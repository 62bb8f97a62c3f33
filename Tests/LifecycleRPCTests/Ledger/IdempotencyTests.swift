internal import LifecycleCore
internal import Testing

@Suite("Idempotency keys", .ledgers)
struct IdempotencyTests {
    @Test("a repeated create shows the project as it is now and moves nothing")
    func replayShowsCurrentState() async throws {
        let ledger = try LedgerHarness()
        try await ledger.grant(100, to: "ann")
        var request = CreateProject(userId: "ann", credits: 30, idempotencyKey: "k")
        request.externalId = "x"
        request.name = "A film"
        request.metadata = Metadata(text: Array(#"{"a":1}"#.utf8))
        let first = try await ledger.call(request)
        #expect(!first.replayed)
        try await ledger.report(first.project.projectId, .processing)
        try await ledger.report(first.project.projectId, .failed)
        let again = try await ledger.call(request)
        #expect(again.replayed)
        #expect(again.project.projectId == first.project.projectId)
        #expect(again.project.status == .failed)
        #expect(again.project.creditsRefunded == 30)
        #expect(again.balance.available == 100)
        #expect(try await ledger.call(ExplainProject(projectId: first.project.projectId)).events.count == 3)
        await ledger.close()
    }

    /// Each differs from the first request, `{"userId":"ann","credits":5,"idempotencyKey":"k","externalId":"x",
    /// "name":"n","metadata":{"a":1},"startTimeout":10,"lease":11,"maxRuntime":12}`.
    static let others: [(String, [String])] = [
        (
            #""credits":6,"externalId":"x","name":"n","metadata":{"a":1},"startTimeout":10,"lease":11,"maxRuntime":12"#,
            ["credits"]
        ),
        (
            #""credits":5,"externalId":"y","name":"n","metadata":{"a":1},"startTimeout":10,"lease":11,"maxRuntime":12"#,
            ["externalId"]
        ),
        (#""credits":5,"name":"n","metadata":{"a":1},"startTimeout":10,"lease":11,"maxRuntime":12"#, ["externalId"]),
        (
            #""credits":5,"externalId":"x","name":"","metadata":{"a":1},"startTimeout":10,"lease":11,"maxRuntime":12"#,
            ["name"]
        ),
        (
            #""credits":5,"externalId":"x","name":"n","metadata":{"a":2},"startTimeout":10,"lease":11,"maxRuntime":12"#,
            ["metadata"]
        ),
        (#""credits":5,"externalId":"x","name":"n","metadata":{"a":1},"lease":11,"maxRuntime":12"#, ["startTimeout"]),
        (
            #""credits":5,"externalId":"x","name":"n","metadata":{"a":1},"startTimeout":10,"lease":12,"maxRuntime":12"#,
            ["lease"]
        ),
        (
            #""credits":5,"externalId":"x","name":"n","metadata":{"a":1},"startTimeout":10,"lease":11,"maxRuntime":13"#,
            ["maxRuntime"]
        ),
        // Out of every range: the key is looked at first.
        (
            #""credits":-1,"lease":0"#,
            ["credits", "externalId", "name", "metadata", "startTimeout", "lease", "maxRuntime"]
        ),
    ]

    @Test("a key with other parameters is a conflict that names them", arguments: others)
    func conflictNamesTheFields(_ params: String, _ differs: [String]) async throws {
        let ledger = try LedgerHarness()
        try await ledger.grant(100, to: "ann")
        let same =
            #""credits":5.0,"externalId":"x","name":"n","metadata":{"a" : 1},"startTimeout":10,"lease":11,"maxRuntime":12"#
        _ = try await ledger.result(of: Call("createProject", #"{"userId":"ann","idempotencyKey":"k",\#(same)}"#)).get()
        _ = try await ledger.result(of: Call("createProject", #"{"idempotencyKey":"k",\#(same),"userId":"ann"}"#)).get()
        let error = await ledger.error(Call("createProject", #"{"userId":"ann","idempotencyKey":"k",\#(params)}"#))
        #expect(error?.kind == .idempotencyConflict)
        #expect(error?.namedFields["differs"] == .list(differs))
        #expect(try await ledger.call(GetBalance(userId: "ann")).available == 95)
        await ledger.close()
    }

    @Test("metadata in another order or spelling is a replay, and stays as it came first")
    func sameMetadata() async throws {
        let ledger = try LedgerHarness()
        try await ledger.grant(100, to: "ann")
        func create(_ metadata: String) -> Call {
            Call("createProject", #"{"userId":"ann","credits":5,"idempotencyKey":"k","metadata":\#(metadata)}"#)
        }
        let first = #"{"pages":12,"kind":{"b":"\u00e9","a":[1,2]}}"#
        _ = try await ledger.result(of: create(first)).get()
        for same in [#"{"kind":{"a":[1,2],"b":"é"},"pages":12}"#, #"{"pages":1.2e1,"kind":{"b":"é","a":[1,2.0]}}"#] {
            let answer = try await ledger.result(of: create(same)).get()
            #expect(String(decoding: answer, as: UTF8.self).contains(#""replayed":true"#))
        }
        for other in [#"{"pages":12,"kind":{"b":"é","a":[2,1]}}"#, #"{"pages":12}"#, #"{"pages":"12","kind":{}}"#] {
            #expect(await ledger.error(create(other))?.namedFields["differs"] == .list(["metadata"]))
        }
        let project = try #require(try await ledger.call(ListProjects(userId: "ann")).projects.first)
        #expect(project.metadata?.json == first)
        #expect(try await ledger.call(GetBalance(userId: "ann")).available == 95)
        await ledger.close()
    }

    @Test("an externalId that a report recorded later is no difference")
    func laterExternalID() async throws {
        let ledger = try LedgerHarness()
        try await ledger.grant(100, to: "ann")
        let project = try await ledger.create(5, for: "ann", key: "k")
        _ = try await ledger.call(
            UpdateStatus(projectId: project.projectId, externalId: "later", status: .processing))
        let again = try await ledger.call(CreateProject(userId: "ann", credits: 5, idempotencyKey: "k"))
        #expect(again.replayed)
        #expect(again.project.externalId == "later")
        await ledger.close()
    }

    @Test("a failed create leaves nothing, so the same key works after a top-up")
    func failedCreateLeavesNothing() async throws {
        let ledger = try LedgerHarness()
        var request = CreateProject(userId: "ann", credits: 5, idempotencyKey: "k")
        request.externalId = "x"
        #expect(await ledger.error(request)?.kind == .insufficientCredits)
        #expect(try await ledger.offline { try $0.dump() } == [])
        try await ledger.grant(5, to: "ann")
        #expect(try await !ledger.call(request).replayed)
        #expect(try await ledger.call(request).replayed)
        await ledger.close()
    }

    @Test(
        "a key belongs to one method: every other one refuses it",
        arguments: ["createProject", "grantCredits", "adjustCredits"])
    func keysAreSharedByMethods(_ first: String) async throws {
        let ledger = try LedgerHarness()
        try await ledger.grant(100, to: "ann")
        func params(_ method: String) -> String {
            #"{"userId":"ann","credits":5,"idempotencyKey":"k""#
                + (method == "createProject" ? "}" : #","reason":"r"}"#)
        }
        let methods = ["createProject", "grantCredits", "adjustCredits"]
        _ = try await ledger.result(of: Call(first, params(first))).get()
        for method in methods where method != first {
            let error = await ledger.error(Call(method, params(method)))
            #expect(error?.kind == .idempotencyConflict, "\(method)")
            #expect(error?.namedFields["differs"] == .list(["method"]))
        }
        _ = try await ledger.result(of: Call(first, params(first))).get()
        #expect(try await ledger.findings() == [])
        await ledger.close()
    }

    @Test("keys are the user's own, and compared byte by byte")
    func scope() async throws {
        let ledger = try LedgerHarness()
        for user in ["ann", "bob", "caf\u{E9}", "cafe\u{301}"] {
            try await ledger.grant(100, to: user, key: "k")
            for key in ["k2", "K2", "\u{E9}", "e\u{301}", "k2 "] {
                #expect(try await !ledger.call(CreateProject(userId: user, credits: 1, idempotencyKey: key)).replayed)
            }
            #expect(try await ledger.call(GetBalance(userId: user)) == Balance(userId: user, available: 95, held: 5))
        }
        await ledger.close()
    }

    @Test(
        "a repeated grant or adjustment answers with its first entry",
        arguments: [GrantCredits.name, AdjustCredits.name])
    func repeatedPosting(_ method: String) async throws {
        let ledger = try LedgerHarness()
        let call = Call(method, #"{"userId":"ann","credits":7,"reason":"é","idempotencyKey":"k"}"#)
        let first = try await PostedEntry.decoded(ledger.result(of: call).get())
        ledger.advance(seconds: 9)
        let again = try await PostedEntry.decoded(ledger.result(of: call).get())
        #expect(!first.replayed)
        #expect(again.replayed)
        #expect(jsonText(of: again.entry) == jsonText(of: first.entry))
        #expect(again.balance.available == 7)
        for (params, differs) in [
            (#""credits":8,"reason":"é""#, ["credits"]), (#""credits":7,"reason":"e\u0301""#, ["reason"]),
            (#""credits":-8,"reason":"x""#, ["credits", "reason"]),
        ] {
            let error = await ledger.error(Call(method, #"{"userId":"ann","idempotencyKey":"k",\#(params)}"#))
            #expect(error?.namedFields["differs"] == .list(differs))
        }
        await ledger.close()
    }
}
