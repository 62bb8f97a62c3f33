internal import LifecycleCore
internal import Testing

@Suite("Amounts", .ledgers)
struct AmountTests {
    static let most: Int64 = 9_007_199_254_740_991

    @Test("a user may be given 2^53 − 1 credits and not one more")
    func grantToTheBrim() async throws {
        let ledger = try LedgerHarness()
        try await ledger.grant(Self.most - 1, to: "ann")
        try await ledger.grant(1, to: "ann")
        #expect(try await ledger.call(GetBalance(userId: "ann")).available == Self.most)
        for call in [
            Call("grantCredits", #"{"userId":"ann","credits":1,"reason":"r"}"#),
            Call("grantCredits", #"{"userId":"ann","credits":9007199254740991,"reason":"r"}"#),
            Call("adjustCredits", #"{"userId":"ann","credits":1,"reason":"r"}"#),
        ] {
            let error = await ledger.error(call)
            #expect(error?.kind == .amountOutOfRange)
            #expect(error?.namedFields["param"] == .text("credits"))
            #expect(error?.namedFields["maximum"] == .integer(0))
        }
        #expect(
            try await ledger.call(AdjustCredits(userId: "ann", credits: 0, reason: "r")).balance.available == Self.most)
        #expect(try await ledger.findings() == [])
        await ledger.close()
    }

    @Test("what was held, spent or given back still counts as given", arguments: [nil, Status.completed, .failed])
    func brimAfterSpending(_ outcome: Status?) async throws {
        let ledger = try LedgerHarness()
        try await ledger.grant(Self.most, to: "ann")
        let project = try await ledger.create(1000, for: "ann")
        if let outcome { try await ledger.report(project.projectId, outcome) }
        let error = await ledger.error(GrantCredits(userId: "ann", credits: 1, reason: "r"))
        #expect(error?.kind == .amountOutOfRange)
        #expect(error?.namedFields["maximum"] == .integer(0))
        #expect(await ledger.error(AdjustCredits(userId: "ann", credits: 1, reason: "r"))?.kind == .amountOutOfRange)
        // Taken back by an admin, it may be given again.
        _ = try await ledger.call(AdjustCredits(userId: "ann", credits: -1, reason: "r"))
        try await ledger.grant(1, to: "ann")
        #expect(try await ledger.findings() == [])
        await ledger.close()
    }

    @Test("all of it can be taken back, and not one more")
    func adjustToNothing() async throws {
        let ledger = try LedgerHarness()
        try await ledger.grant(Self.most, to: "ann")
        let taken = try await ledger.call(AdjustCredits(userId: "ann", credits: -Self.most, reason: "r"))
        #expect(taken.balance.available == 0)
        #expect(taken.entry.credits == -Self.most)
        let error = await ledger.error(AdjustCredits(userId: "ann", credits: -1, reason: "r"))
        #expect(error?.kind == .insufficientCredits)
        #expect(error?.namedFields == ["available": .integer(0), "required": .integer(1)])
        let most = await ledger.error(AdjustCredits(userId: "bob", credits: -Self.most, reason: "r"))
        #expect(most?.namedFields == ["available": .integer(0), "required": .integer(Self.most)])
        #expect(try await ledger.call(GetBalance(userId: "bob")).available == 0)
        await ledger.close()
    }

    /// Amounts as JSON, and the kind of error, if any.
    static let amounts: [(String, ErrorKind?)] = [
        ("0", nil), ("-0", nil), ("1.0", nil), ("1e2", nil), ("100e-2", nil), ("1000000", nil),
        ("1000001", .amountOutOfRange),
        ("-1", .amountOutOfRange), ("-9007199254740991", .amountOutOfRange), ("9007199254740991", .amountOutOfRange),
        ("9007199254740992", .invalidParams), ("-9007199254740992", .invalidParams), ("1e400", .invalidParams),
        ("9223372036854775808", .invalidParams), ("1.5", .invalidParams), ("1e-1", .invalidParams),
        (#""40""#, .invalidParams), ("true", .invalidParams), ("null", .invalidParams), ("[1]", .invalidParams),
        ("{}", .invalidParams),
    ]

    @Test("a project's price", arguments: amounts)
    func price(_ credits: String, _ kind: ErrorKind?) async throws {
        let ledger = try LedgerHarness()
        try await ledger.grant(2_000_000, to: "ann")
        let error = await ledger.error(Call("createProject", #"{"userId":"ann","credits":\#(credits)}"#))
        #expect(error?.kind == kind)
        if kind == .amountOutOfRange {
            #expect(
                error?.namedFields == [
                    "param": .text("credits"), "minimum": .integer(0), "maximum": .integer(1_000_000),
                ])
        }
        if kind == .invalidParams { #expect(error?.namedFields["param"] == .text("credits")) }
        await ledger.close()
    }

    @Test("a grant is 1 to 2^53 − 1", arguments: [0, -1, -9_007_199_254_740_991] as [Int64])
    func grantRange(_ credits: Int64) async throws {
        let ledger = try LedgerHarness()
        let error = await ledger.error(GrantCredits(userId: "ann", credits: credits, reason: "r"))
        #expect(error?.kind == .amountOutOfRange)
        #expect(
            error?.namedFields == ["param": .text("credits"), "minimum": .integer(1), "maximum": .integer(Self.most)])
        await ledger.close()
    }

    /// Any one price, up to all that a user may be given.
    private func boundless() throws -> LedgerHarness {
        var limits = Limits()
        limits.maximumProjectCredits = Self.most
        return try LedgerHarness(limits)
    }

    /// Charges and gives back all that a user has, again and again.
    private func refund(_ times: Int, _ ledger: LedgerHarness, _ user: String) async throws {
        let calls = (0..<times).flatMap { number in
            let project = "\"externalId\":\"\(user)\(number)\""
            return [
                Call("createProject", "{\"userId\":\"\(user)\",\"credits\":\(Self.most),\(project)}"),
                Call("updateStatus", "{\(project),\"status\":\"failed\"}"),
            ]
        }
        for result in await ledger.results(of: calls) { _ = try result.get() }
    }

    @Test("what the ledger cannot count is refused, and nothing stays of the request")
    func uncountable() async throws {
        let ledger = try boundless()
        try await ledger.grant(Self.most, to: "ann")
        // 2^53 − 1 given back 1024 times is the most that fits into 64 bits.
        try await refund(1024, ledger, "ann")
        let last = try await ledger.create(Self.most, for: "ann").projectId
        let report = UpdateStatus(projectId: last, externalId: "x", status: .failed)
        #expect(await ledger.error(report)?.kind == .internalError)
        #expect(try await ledger.call(GetStatus(projectId: last)).project.status == .pending)
        #expect(await ledger.error(GetStatus(externalId: "x"))?.kind == .projectNotFound)
        #expect(
            try await ledger.call(GetBalance(userId: "ann")) == Balance(userId: "ann", available: 0, held: Self.most))
        #expect(try await ledger.findings() == [])
        #expect(ledger.fatalErrors.isEmpty)
        await ledger.close()
    }

    /// Kept per user, added up over a stretch of time, of one status.
    static let lists: [ListProjects] = {
        var (kept, summed, failed) = (ListProjects(), ListProjects(), ListProjects())
        summed.createdAfter = Timestamp(milliseconds: 0)
        failed.status = StatusFilter([.failed])
        kept.includeStats = true
        summed.includeStats = true
        failed.includeStats = true
        return [kept, summed, failed]
    }()

    @Test("sums above 2^53 are exact, and what does not fit into 64 bits stands as their greatest number")
    func greatSums() async throws {
        let ledger = try boundless()
        for user in ["ann", "ben", "cid"] {
            try await ledger.grant(Self.most, to: user)
            try await refund(1, ledger, user)
            let project = try await ledger.create(Self.most - 2, for: user)
            if user == "ann" { try await ledger.report(project.projectId, .completed) }
            _ = try await ledger.create(1, for: user)
        }
        for list in Self.lists {
            let stats = try await ledger.call(list).stats
            #expect(stats?.creditsRefunded == 3 * Self.most)
            guard list.status == nil else { continue }
            #expect(stats?.creditsCaptured == Self.most - 2)
            #expect(stats?.creditsHeld == 2 * Self.most - 1)
            #expect(stats?.creditsUsed == 6 * Self.most - 3)
        }
        // Twice 600 of the greatest are more than 2^63.
        for user in ["dan", "eve"] {
            try await ledger.grant(Self.most, to: user)
            try await refund(600, ledger, user)
        }
        for list in Self.lists { #expect(try await ledger.call(list).stats?.creditsRefunded == .max) }
        #expect(ledger.fatalErrors.isEmpty)
        await ledger.close()
    }
}
