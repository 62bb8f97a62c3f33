internal import LifecycleCore
internal import Testing

/// Each request breaks one rule and everything after it: the answer is about the first.
@Suite("The order of checks", .ledgers)
struct CheckOrderTests {
    static let creates: [(String, ErrorKind, String?)] = [
        (#"{"userId":"","credits":"x","unknown":1}"#, .invalidParams, "userId"),
        (#"{"userId":"bob","credits":"x","idempotencyKey":"used","unknown":1}"#, .invalidParams, "credits"),
        (#"{"userId":"bob","credits":-1,"idempotencyKey":"used","lease":0,"unknown":1}"#, .invalidParams, "unknown"),
        (
            #"{"userId":"bob","credits":-1,"idempotencyKey":"used","lease":0,"externalId":"taken"}"#,
            .idempotencyConflict, nil
        ),
        (
            #"{"userId":"bob","credits":-1,"startTimeout":0,"lease":0,"maxRuntime":0,"externalId":"taken"}"#,
            .invalidParams, "startTimeout"
        ),
        (#"{"userId":"bob","credits":-1,"lease":0,"maxRuntime":0,"externalId":"taken"}"#, .invalidParams, "lease"),
        (#"{"userId":"bob","credits":-1,"maxRuntime":2592001,"externalId":"taken"}"#, .invalidParams, "maxRuntime"),
        (#"{"userId":"bob","credits":-1,"externalId":"taken"}"#, .amountOutOfRange, "credits"),
        (#"{"userId":"bob","credits":99999,"externalId":"taken"}"#, .idempotencyConflict, nil),
        (#"{"userId":"bob","credits":99999}"#, .insufficientCredits, nil),
    ]

    static let updates: [(String, ErrorKind, String?)] = [
        (#"{"status":"done","errorCode":"leaseExpired"}"#, .invalidParams, "status"),
        (#"{"projectId":"x","externalId":"nobody","status":"done"}"#, .invalidParams, "status"),
        (#"{"projectId":"x","externalId":"nobody","status":"failed"}"#, .invalidParams, "projectId"),
        (#"{"externalId":"nobody","status":"completed","errorMessage":"m"}"#, .invalidParams, "errorMessage"),
        (#"{"externalId":"nobody","status":"completed","errorCode":"crashed"}"#, .invalidParams, "errorCode"),
        (#"{"externalId":"nobody","status":"failed","errorCode":"leaseExpired"}"#, .invalidParams, "errorCode"),
        (#"{"externalId":"nobody","status":"failed","errorCode":"startTimeout"}"#, .invalidParams, "errorCode"),
        (#"{"externalId":"nobody","status":"failed","errorCode":"runtimeExceeded"}"#, .invalidParams, "errorCode"),
        (#"{"status":"pending"}"#, .invalidParams, "projectId"),
        (#"{"externalId":"nobody","status":"pending"}"#, .projectNotFound, nil),
        (#"{"projectId":"ENDED","externalId":"other","status":"pending"}"#, .idempotencyConflict, nil),
        (#"{"projectId":"ENDED","externalId":"taken","status":"pending"}"#, .invalidTransition, nil),
        (#"{"projectId":"ENDED","externalId":"taken","status":"failed"}"#, .terminalState, nil),
    ]

    static let postings: [(String, ErrorKind, String?)] = [
        (#"{"userId":"bob","credits":0.5,"reason":"","idempotencyKey":"used"}"#, .invalidParams, "credits"),
        (#"{"userId":"bob","credits":-99,"reason":"","idempotencyKey":"used"}"#, .invalidParams, "reason"),
        (#"{"userId":"bob","credits":-99,"reason":"r","idempotencyKey":"used"}"#, .idempotencyConflict, nil),
    ]

    private func check(_ method: String, _ params: String, _ kind: ErrorKind, _ param: String?) async throws {
        let ledger = try LedgerHarness()
        try await ledger.grant(10, to: "bob")
        var request = CreateProject(userId: "bob", credits: 1, idempotencyKey: "used")
        request.externalId = "taken"
        let project = try await ledger.call(request).project.projectId
        try await ledger.report(project, .completed)
        let before = try await ledger.call(GetStatus(projectId: project)).project

        let text = params.split(separator: "ENDED", omittingEmptySubsequences: false).joined(
            separator: project.description)
        let error = await ledger.error(Call(method, text))
        #expect(error?.kind == kind, "\(error?.message ?? "no error")")
        if let param { #expect(error?.namedFields["param"] == .text(param)) }
        #expect(error?.hint.isEmpty == false)
        #expect(try await ledger.call(GetStatus(projectId: project)).project == before)
        #expect(try await ledger.call(GetBalance(userId: "bob")) == Balance(userId: "bob", available: 9, held: 0))
        await ledger.close()
    }

    @Test("createProject: parameters, key, terms, amount, externalId, balance", arguments: creates)
    func create(_ params: String, _ kind: ErrorKind, _ param: String?) async throws {
        try await check("createProject", params, kind, param)
    }

    @Test("updateStatus: parameters, project, externalId, transition", arguments: updates)
    func update(_ params: String, _ kind: ErrorKind, _ param: String?) async throws {
        try await check("updateStatus", params, kind, param)
    }

    @Test("grantCredits and adjustCredits: parameters, then the key", arguments: postings)
    func post(_ params: String, _ kind: ErrorKind, _ param: String?) async throws {
        try await check("grantCredits", params, kind, param)
        try await check("adjustCredits", params, kind, param)
    }

    @Test(
        "reads name what they do not find",
        arguments: [
            ("getStatus", "{}", ErrorKind.invalidParams), ("getStatus", #"{"externalId":"nobody"}"#, .projectNotFound),
            ("getStatus", #"{"projectId":"01890000-0000-7000-8000-000000000000"}"#, .projectNotFound),
            ("explainProject", #"{"projectId":"01890000-0000-7000-8000-000000000000"}"#, .projectNotFound),
            ("listProjects", #"{"cursor":"01890000-0000-7000-8000-000000000000"}"#, .invalidParams),
            ("listProjects", #"{"status":[]}"#, .invalidParams), ("listProjects", #"{"limit":0}"#, .invalidParams),
            ("listProjects", #"{"limit":501}"#, .invalidParams),
            ("listEntries", #"{"userId":"a","limit":501}"#, .invalidParams),
            ("listEntries", #"{"userId":"a","cursor":"0"}"#, .invalidParams),
            ("listEntries", #"{"userId":"a","cursor":"01"}"#, .invalidParams),
            ("listEntries", #"{"userId":"a","cursor":"+1"}"#, .invalidParams),
            ("listEntries", #"{"userId":"a","cursor":"9223372036854775808"}"#, .invalidParams),
            ("listEntries", #"{"userId":"a","cursor":""}"#, .invalidParams),
        ])
    func reads(_ method: String, _ params: String, _ kind: ErrorKind) async throws {
        let ledger = try LedgerHarness()
        #expect(await ledger.error(Call(method, params))?.kind == kind)
        await ledger.close()
    }

    @Test("a user never seen has nothing, and asking makes no account")
    func unknownUser() async throws {
        let ledger = try LedgerHarness()
        #expect(try await ledger.call(GetBalance(userId: "eve")) == Balance(userId: "eve", available: 0, held: 0))
        #expect(try await ledger.call(ListEntries(userId: "eve")).entries.isEmpty)
        var list = ListProjects(userId: "eve")
        list.includeStats = true
        let listed = try await ledger.call(list)
        #expect(listed.projects.isEmpty)
        #expect(listed.stats == Statistics.blank)
        let error = await ledger.error(CreateProject(userId: "eve", credits: 1))
        #expect(error?.namedFields == ["available": .integer(0), "required": .integer(1)])
        #expect(try await ledger.offline { try $0.dump() } == [])
        // A project that costs nothing needs no credits.
        #expect(try await ledger.create(0, for: "eve").creditsUsed == 0)
        await ledger.close()
    }
}
