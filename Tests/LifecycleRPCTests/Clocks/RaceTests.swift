internal import LifecycleCore
internal import LifecycleRPC
internal import LifecycleSQLite
internal import TestSupport
internal import Testing

@Suite("However verdicts race, one wins, and there is one refund", .ledgers)
struct RaceTests {
    /// Exactly one verdict, the money where it says, a sound ledger.
    private func check(_ ledger: LedgerHarness, _ projects: [ProjectID]) async throws {
        var refunded: Int64 = 0
        for id in projects {
            let explained = try await ledger.call(ExplainProject(projectId: id))
            let verdicts = explained.events.filter { $0.kind == .completed || $0.kind == .failed }
            #expect(verdicts.count == 1)
            let outcome: Entry.Kind = explained.project.status == .failed ? .refund : .capture
            #expect(explained.entries.map(\.kind) == [.charge, outcome])
            refunded += explained.project.creditsRefunded
        }
        let kept = Int64(projects.count) * 10 - refunded
        #expect(
            try await ledger.call(GetBalance(userId: "ann"))
                == Balance(userId: "ann", available: 10_000 - kept, held: 0))
        #expect(try await ledger.findings() == [])
        #expect(ledger.fatalErrors.isEmpty)
        await ledger.close()
    }

    private func projects(_ count: Int, in ledger: LedgerHarness, _ status: Status?) async throws -> [ProjectID] {
        try await ledger.grant(10_000, to: "ann")
        var projects: [ProjectID] = []
        for result in await ledger.results(of: (0..<count).map { _ in Call(CreateProject(userId: "ann", credits: 10)) })
        {
            projects.append(try CreateProject.Response.decoded(result.get()).project.projectId)
        }
        guard let status else { return projects }
        let reports = projects.map { Call(UpdateStatus(projectId: $0, status: status)) }
        for result in await ledger.results(of: reports) { _ = try result.get() }
        return projects
    }

    @Test("cancel against completed", arguments: [nil, Status.processing])
    func cancelAgainstCompleted(_ status: Status?) async throws {
        let ledger = try LedgerHarness(ClockFixture.limits)
        let projects = try await projects(40, in: ledger, status)
        await withTaskGroup(of: Void.self) { group in
            for project in projects {
                group.addTask {
                    let error = await ledger.error(CancelProject(projectId: project))
                    #expect(error == nil || error?.kind == .terminalState)
                }
                group.addTask {
                    let error = await ledger.error(UpdateStatus(projectId: project, status: .completed))
                    #expect(error == nil || error?.kind == .terminalState)
                }
            }
        }
        try await check(ledger, projects)
    }

    @Test("expiry against completed, reads and two sweeps")
    func expiryAgainstCompleted() async throws {
        let ledger = try LedgerHarness(ClockFixture.limits)
        let projects = try await projects(60, in: ledger, .processing)
        ledger.advance(seconds: 20)
        ledger.now -= 1
        await withTaskGroup(of: Void.self) { group in
            for (index, project) in projects.enumerated() {
                group.addTask { _ = await ledger.error(UpdateStatus(projectId: project, status: .completed)) }
                group.addTask { _ = try? await ledger.status(project) }
                group.addTask { _ = await ledger.error(Heartbeat(projectId: project)) }
                if index == 10 { group.addTask { ledger.now += 1 } }
                if index % 20 == 15 { group.addTask { try? await ledger.tick() } }
            }
        }
        ledger.advance(seconds: 20)
        try await ledger.tick()
        try await check(ledger, projects)
    }

    @Test("a restart in the middle of a thousand expiries", arguments: 0..<6)
    func restart(_ round: Int) async throws {
        let ledger = try LedgerHarness(ClockFixture.limits)
        let projects = try await projects(1000, in: ledger, round % 2 == 0 ? nil : .processing)
        ledger.advance(seconds: 60)
        try ledger.store.writes.tick()
        for _ in 0..<round { await Task.yield() }
        await ledger.close()
        // Leases get one more.
        try await ledger.open()
        ledger.advance(seconds: 20)
        try await ledger.tick()
        try await check(ledger, projects)
    }

    @Test("a copy of the file, taken as a kill -9 leaves it after the first batch, is settled to the end")
    func killedBetweenBatches() async throws {
        let ledger = try LedgerHarness(ClockFixture.limits)
        let projects = try await projects(700, in: ledger, nil)
        await ledger.close()
        let database = try RawDatabase(ledger.folder.database)
        // The first batch: 500 of them.
        try database.execute(
            """
            UPDATE project SET status = 'failed', errorCode = 'startTimeout', errorMessage = 'm', finishedAt = createdAt,
                deadline = NULL WHERE row <= 500;
            INSERT INTO event (kind, account, project, at, uid, gid, pid)
                SELECT 'failed', account, row, finishedAt, 0, 0, 0 FROM project WHERE row <= 500;
            """)
        database.close()
        ledger.advance(seconds: 60)
        try await ledger.open()
        try await check(ledger, projects)
    }

    @Test("a project named twice by one request, or by many at once, is failed once")
    func touchedTwice() async throws {
        let ledger = try LedgerHarness(ClockFixture.limits)
        let projects = try await projects(10, in: ledger, nil)
        ledger.advance(seconds: 60)
        try await ledger.expire(
            Due(projects: projects + projects.reversed(), users: ["ann", "ann"], isEverything: true))
        try await check(ledger, projects)
    }
}
