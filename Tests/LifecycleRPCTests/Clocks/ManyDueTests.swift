internal import Foundation
internal import LifecycleCore
internal import LifecycleRPC
internal import LifecycleSQLite
internal import Testing

@Suite("A hundred thousand due projects hold nobody up", .ledgers)
struct ManyDueTests {
    /// LIFECYCLE_DUE_COUNT: the issue's 100 000 take minutes in a debug build.
    static let count = ProcessInfo.processInfo.environment["LIFECYCLE_DUE_COUNT"].flatMap(Int64.init) ?? 6000

    /// User `many` has them, all due in 60 seconds; `ann` has one that is due then, too, and one that is not.
    private func ledger() async throws -> (LedgerHarness, due: ProjectID, live: ProjectID) {
        let ledger = try LedgerHarness(ClockFixture.limits)
        try await ledger.grant(Self.count, to: "many")
        try await ledger.grant(100, to: "ann")
        let due = try await ledger.create(10, for: "ann").projectId
        let live = try await ledger.create(10, for: "ann").projectId
        try await ledger.report(live, .processing)
        try await ledger.offline { file in
            try file.execute(
                """
                INSERT INTO project (id, account, credits, createdAt, updatedAt, deadline)
                WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < \(Self.count))
                SELECT CAST(printf('%016d', n) AS BLOB), (SELECT id FROM account WHERE userId = 'many'), 1,
                    \(ledger.now), \(ledger.now), \(ledger.now + 60_000) FROM n;
                INSERT INTO event (kind, account, project, at, uid, gid, pid)
                    SELECT 'created', account, row, createdAt, 0, 0, 0 FROM project WHERE credits = 1;
                """)
        }
        for _ in 0..<3 {
            ledger.advance(seconds: 15)
            _ = try await ledger.call(Heartbeat(projectId: live))
        }
        try await ledger.untilIdle()
        ledger.advance(seconds: 15)
        return (ledger, due, live)
    }

    /// How many of them are settled now, without asking for it.
    private func settled(_ ledger: LedgerHarness) async throws -> Int {
        try await ledger.snapshot { store throws(RPCError) in
            try store.events(EventFilter(), after: Self.count, limit: 1_000_000).count { $0.kind == .failed }
        }
    }

    @Test("who asks about one project or one user waits for a transaction or two, not for all")
    func readsPass() async throws {
        let (ledger, due, live) = try await ledger()
        let before = try await ledger.newestSeq()
        // While the writer is busy, the others come, behind the sweep.
        let writes = try ledger.store.writes
        let gate = writes.occupy()
        writes.tick()
        let passed = await withCheckedContinuation { done in
            writes.expire(Due(projects: [due])) { done.resume(returning: (ledger.lastCommitted ?? 0) - before) }
            gate.signal()
        }
        #expect(passed <= 500 + 1, "so many were settled before one was")
        #expect(try await ledger.status(due).errorCode == "startTimeout")
        #expect(try await ledger.call(GetBalance(userId: "ann")).held == 10)
        #expect(try await ledger.status(live).status == .processing)
        try await ledger.tick()
        #expect(try await settled(ledger) == Int(Self.count) + 1)
        #expect(
            try await ledger.call(GetBalance(userId: "many")) == Balance(userId: "many", available: Self.count, held: 0)
        )
        #expect(try await ledger.findings() == [])
        await ledger.close()
    }

    @Test("a write that needs all of them waits, those of others pass it, and its connection's next ones do not")
    func writesPass() async throws {
        let (ledger, _, live) = try await ledger()
        let before = try await ledger.newestSeq()
        let writes = try ledger.store.writes
        let gate = writes.occupy()
        let connection = NSObject()
        async let all = ledger.results(
            of: [
                Call(CreateProject(userId: "many", credits: Self.count)),
                Call(CreateProject(userId: "many", credits: 1)),
                Call(Heartbeat(projectId: live, progress: 1)),
            ], source: connection)
        while writes.count < 4 { await Task.yield() }
        guard case .write(_, let heartbeat) = try Call(Heartbeat(projectId: live)).bind() else {
            Issue.record("heartbeat is a write")
            return
        }
        let passed = await withCheckedContinuation { done in
            writes.submitOwn(
                WriteJob(worksOnFullDisk: true, caller: .tester, run: heartbeat) { outcome in
                    let isAnswered = (try? outcome.result.get()) != nil
                    done.resume(returning: isAnswered ? (ledger.lastCommitted ?? 0) - before : nil)
                })
            gate.signal()
        }
        #expect(try #require(passed) <= 500 + 1, "so many were settled before one was")
        let results = await all
        // In their order: the first has all the credits, the second finds none left.
        #expect(try CreateProject.Response.decoded(results[0].get()).balance.available == 0)
        #expect(throws: RPCError.self) { try results[1].get() }
        #expect(try Heartbeat.Response.decoded(results[2].get()).status == .processing)
        #expect(try await ledger.findings() == [])
        await ledger.close()
    }

    @Test("a question about everybody is answered when all are settled")
    func everything() async throws {
        let (ledger, _, _) = try await ledger()
        var list = ListProjects()
        list.includeStats = true
        list.limit = 1
        let stats = try #require(try await ledger.call(list).stats)
        #expect(stats.byStatus.failed == Self.count + 1)
        #expect(stats.byStatus.pending == 0)
        await ledger.close()
    }

    @Test(
        "more lost holders than one transaction takes, all due at that moment, are settled and not looked at for ever")
    func lostAndDue() async throws {
        let ledger = try LedgerHarness(ClockFixture.limits)
        try await ledger.grant(1000, to: "ann")
        var projects: [ProjectID] = []
        for result in await ledger.results(of: (0..<1000).map { _ in Call(CreateProject(userId: "ann", credits: 1)) }) {
            projects.append(try CreateProject.Response.decoded(result.get()).project.projectId)
        }
        ledger.advance(seconds: 60)
        try await ledger.loseHolder(of: projects)
        #expect(try await ledger.call(GetBalance(userId: "ann")).available == 1000)
        await ledger.close()
    }

    @Test("a stop does not wait for what nobody waits for; the next start settles it")
    func stop() async throws {
        let (ledger, _, _) = try await ledger()
        try ledger.store.writes.tick()
        await ledger.close()
        try await ledger.open()
        #expect(try await settled(ledger) == Int(Self.count) + 1)
        await ledger.close()
    }
}
