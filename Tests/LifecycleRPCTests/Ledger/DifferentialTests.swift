internal import Foundation
internal import LifecycleCore
internal import Testing

/// The in-process daemon must be the daemon: whoever tests an app with it relies on that. LIFECYCLE_DIFFERENTIAL_COUNT
/// sets how many sequences, LIFECYCLE_DIFFERENTIAL_SEED where they begin.
@Suite("The in-memory ledger answers as the database does", .ledgers)
struct DifferentialTests {
    /// Sequences that share a file, so that lists are long and rows far from each other.
    static let sequencesPerFile = 25
    static let requestsPerSequence = 30

    static let files: [UInt64] = {
        let environment = ProcessInfo.processInfo.environment
        let count = environment["LIFECYCLE_DIFFERENTIAL_COUNT"].flatMap(Int.init) ?? 500
        let seed = environment["LIFECYCLE_DIFFERENTIAL_SEED"].flatMap(UInt64.init) ?? 3_20_261_123
        return (0..<max(count / sequencesPerFile, 1)).map { seed &+ UInt64($0) }
    }()

    @Test("every reply and every error is the same, byte for byte but for ids", arguments: files)
    func sequences(seed: UInt64) async throws {
        let ledger = try LedgerHarness(ModelTests.limits)
        var generator = DifferentialGenerator(seed: seed)
        var player = DifferentialPlayer(ledger)
        do {
            for _ in 0..<Self.sequencesPerFile {
                generator.beginSequence()
                for _ in 0..<Self.requestsPerSequence {
                    player.advance(milliseconds: generator.timeStep())
                    let (method, params) = generator.request(projects: player.projects)
                    player.ask(method, params)
                }
                try await player.compare()
            }
            for (method, params) in generator.everything(projects: player.projects) { player.ask(method, params) }
            try await player.compare()
        } catch {
            Issue.record(
                "LIFECYCLE_DIFFERENTIAL_SEED=\(seed) LIFECYCLE_DIFFERENTIAL_COUNT=1 shows this again: \(error)")
        }
        #expect(player.kindsSeen.isSuperset(of: ["ok", "insufficientCredits", "terminalState", "idempotencyConflict"]))
        #expect(!player.kindsSeen.contains("internalError"))
        #expect(ledger.fatalErrors.isEmpty)
        await ledger.close()
    }

    @Test("what the ledger cannot hold is refused by both, and nothing stays of the request")
    func brokenRule() async throws {
        var limits = Limits()
        limits.maximumProjectCredits = Limits.largestInteger
        let ledger = try LedgerHarness(limits)
        var player = DifferentialPlayer(ledger)
        player.ask("grantCredits", #"{"userId":"ann","credits":\#(Limits.largestInteger),"reason":"all there is"}"#)
        // 2^53 − 1 given back 1024 times is the most that fits into 64 bits.
        for project in 0...1024 {
            player.ask("createProject", #"{"userId":"ann","credits":\#(Limits.largestInteger)}"#)
            player.ask("updateStatus", #"{"projectId":"<\#(project)>","externalId":"x\#(project)","status":"failed"}"#)
        }
        #expect(player.kindsSeen == ["ok", "internalError"])
        for project in [1023, 1024] { player.ask("explainProject", #"{"projectId":"<\#(project)>"}"#) }
        player.ask("getStatus", #"{"externalId":"x1024"}"#)
        player.ask("getBalance", #"{"userId":"ann"}"#)
        player.ask("listProjects", #"{"limit":1,"includeStats":true}"#)
        player.ask("audit", "{}")
        try await player.compare()
        #expect(ledger.fatalErrors.isEmpty)
        await ledger.close()
    }

    @Test("sums above 2^53 are exact in both, and what does not fit into 64 bits stands as their greatest number")
    func greatSums() async throws {
        var limits = Limits()
        limits.maximumProjectCredits = Limits.largestInteger
        let ledger = try LedgerHarness(limits)
        var player = DifferentialPlayer(ledger)
        let all = Limits.largestInteger
        var created = 0
        func create(_ user: String, _ credits: Int64, _ status: String?) {
            player.ask("createProject", #"{"userId":"\#(user)","credits":\#(credits)}"#)
            let report = status.map { #"{"projectId":"<\#(created)>","status":"\#($0)"}"# }
            if let report { player.ask("updateStatus", report) }
            created += 1
        }
        let page = #"{"limit":1,"includeStats":true"#
        let lists = ["}", #","createdAfter":"2000-01-01T00:00:00Z"}"#, #","status":"failed"}"#].map { page + $0 }
        func stats(_ list: String) async throws -> Statistics? {
            let result = await ledger.result(of: Call("listProjects", list))
            return try ListProjects.Response.decoded(result.get()).stats
        }
        for user in ["ann", "ben", "cid"] {
            player.ask("grantCredits", #"{"userId":"\#(user)","credits":\#(all),"reason":"all there is"}"#)
            create(user, all, "failed")
            create(user, all - 2, user == "ann" ? "completed" : nil)
            create(user, 1, nil)
        }
        for list in lists { player.ask("listProjects", list) }
        try await player.compare()
        let exact = try await stats(lists[1])
        #expect(exact?.creditsRefunded == 3 * all)
        #expect(exact?.creditsCaptured == all - 2)
        #expect(exact?.creditsHeld == 2 * all - 1)
        #expect(exact?.creditsUsed == 6 * all - 3)
        #expect(try await stats(lists[0]) == exact)

        // Twice 600 of the greatest are more than 2^63.
        for user in ["dan", "eve"] {
            player.ask("grantCredits", #"{"userId":"\#(user)","credits":\#(all),"reason":"all there is"}"#)
            for _ in 0..<600 { create(user, all, "failed") }
        }
        for list in lists { player.ask("listProjects", list) }
        try await player.compare()
        for list in lists { #expect(try await stats(list)?.creditsRefunded == .max) }
        #expect(ledger.fatalErrors.isEmpty)
        await ledger.close()
    }
}
