internal import LifecycleCore
internal import Testing

@Suite("What is due is failed and refunded at the start", .ledgers)
struct SweepTests {
    static let limits: Limits = {
        var limits = Limits()
        limits.startTimeout = 60
        limits.lease = 20
        limits.maximumRuntime = 200
        return limits
    }()

    /// A ledger with one project of 10 credits, as it is after `report`.
    private func ledger(
        _ report: Status? = nil, terms: (inout CreateProject) -> Void = { _ in }
    ) async throws -> (LedgerHarness, ProjectID) {
        let ledger = try LedgerHarness(Self.limits)
        try await ledger.grant(100, to: "ann")
        var request = CreateProject(userId: "ann", credits: 10)
        terms(&request)
        let project = try await ledger.call(request).project.projectId
        if let report { try await ledger.report(project, report) }
        return (ledger, project)
    }

    private func restart(_ ledger: LedgerHarness, after milliseconds: Int64) async throws {
        await ledger.close()
        ledger.now += milliseconds
        try await ledger.open()
    }

    @Test("a pending project is failed with startTimeout at its deadline and not a millisecond before")
    func startTimeout() async throws {
        let (ledger, id) = try await ledger()
        try await restart(ledger, after: 59_999)
        #expect(try await ledger.call(GetStatus(projectId: id)).project.status == .pending)
        try await restart(ledger, after: 1)
        let explained = try await ledger.call(ExplainProject(projectId: id))
        #expect(explained.project.status == .failed)
        #expect(explained.project.errorCode == "startTimeout")
        #expect(explained.project.errorMessage?.isEmpty == false)
        #expect(explained.project.creditsRefunded == 10)
        #expect(explained.project.finishedAt?.milliseconds == ledger.now)
        #expect(explained.project.deadline == nil)
        #expect(explained.entries.map(\.kind) == [.charge, .refund])
        #expect(explained.events.map(\.kind) == [.created, .failed])
        #expect(explained.events.last?.uid == Int64(ledger.daemon.uid))
        #expect(explained.events.last?.pid == Int64(ledger.daemon.pid))
        #expect(try await ledger.call(GetBalance(userId: "ann")) == Balance(userId: "ann", available: 100, held: 0))
        #expect(try await ledger.findings() == [])
        await ledger.close()
    }

    @Test("a project beyond its runtime is failed with runtimeExceeded, however lately it reported")
    func runtimeExceeded() async throws {
        let (ledger, id) = try await ledger(.processing)
        for _ in 0..<19 {
            ledger.advance(seconds: 10)
            try await ledger.report(id, .processing)
        }
        #expect(try await ledger.call(GetStatus(projectId: id)).project.deadline?.milliseconds == ledger.now + 10_000)
        try await restart(ledger, after: 10_000)
        let project = try await ledger.call(GetStatus(projectId: id)).project
        #expect(project.errorCode == "runtimeExceeded")
        #expect(project.creditsRefunded == 10)
        await ledger.close()
    }

    @Test("a lease that ran out while the daemon was down gets one lease of grace, again after each time down")
    func grace() async throws {
        let (ledger, id) = try await ledger(.processing)
        try await restart(ledger, after: 25_000)
        var project = try await ledger.call(GetStatus(projectId: id)).project
        #expect(project.status == .processing)
        #expect(project.deadline?.milliseconds == ledger.now + 20_000)
        // Whoever reports in time goes on as if nothing had been.
        ledger.advance(seconds: 19)
        #expect(try await ledger.report(id, .processing).changed == false)
        try await restart(ledger, after: 1000)
        project = try await ledger.call(GetStatus(projectId: id)).project
        #expect(project.deadline?.milliseconds == ledger.now + 19_000)
        // Grace ends where the runtime does.
        try await restart(ledger, after: 150_000)
        project = try await ledger.call(GetStatus(projectId: id)).project
        #expect(project.status == .processing)
        #expect(project.deadline == project.createdAt.adding(seconds: 200))
        try await restart(ledger, after: 20_000)
        #expect(try await ledger.call(GetStatus(projectId: id)).project.errorCode == "runtimeExceeded")
        await ledger.close()
    }

    @Test(
        "the project's own times count instead of the defaults, shorter or longer",
        arguments: [(30, 29_999, false), (30, 30_000, true), (90, 60_000, false), (90, 90_000, true)])
    func ownTerms(startTimeout: Int64, after: Int64, fails: Bool) async throws {
        let (ledger, id) = try await ledger { $0.startTimeout = startTimeout }
        try await restart(ledger, after: after)
        #expect(try await ledger.call(GetStatus(projectId: id)).project.status == (fails ? .failed : .pending))
        await ledger.close()
    }

    @Test("a completed project is left alone for ever", arguments: [Status.completed, .failed])
    func ended(_ status: Status) async throws {
        let (ledger, id) = try await ledger(status)
        let before = try await ledger.call(GetStatus(projectId: id)).project
        try await restart(ledger, after: 1_000_000_000)
        #expect(try await ledger.call(GetStatus(projectId: id)).project == before)
        await ledger.close()
    }

    @Test("more due projects than one transaction takes are all failed, those in time are not")
    func manyDue() async throws {
        let ledger = try LedgerHarness(Self.limits)
        try await ledger.grant(10_000, to: "ann")
        let due = (0..<1203).map { _ in Call(CreateProject(userId: "ann", credits: 2)) }
        for result in await ledger.results(of: due) { _ = try result.get() }
        ledger.advance(seconds: 30)
        let late = try await ledger.create(7, for: "ann")
        try await restart(ledger, after: 30_000)
        var list = ListProjects(userId: "ann")
        list.includeStats = true
        let stats = try #require(try await ledger.call(list).stats)
        #expect(stats.byStatus.failed == 1203)
        #expect(stats.byStatus.pending == 1)
        #expect(stats.creditsRefunded == 2406)
        #expect(try await ledger.call(GetStatus(projectId: late.projectId)).project.status == .pending)
        #expect(try await ledger.call(GetBalance(userId: "ann")) == Balance(userId: "ann", available: 9993, held: 7))
        #expect(try await ledger.findings() == [])
        await ledger.close()
    }

    @Test("the deadline moves with every report, and never beyond the runtime")
    func deadline() async throws {
        let (ledger, id) = try await ledger()
        let created = ledger.now
        func deadline() async throws -> Int64? {
            try await ledger.call(GetStatus(projectId: id)).project.deadline?.milliseconds
        }
        #expect(try await deadline() == created + 60_000)
        ledger.advance(seconds: 50)
        try await ledger.report(id, .processing)
        #expect(try await deadline() == created + 70_000)
        ledger.advance(seconds: 15)
        try await ledger.report(id, .processing)
        #expect(try await deadline() == created + 85_000)
        for _ in 0..<13 {
            ledger.advance(seconds: 10)
            try await ledger.report(id, .processing)
        }
        #expect(try await deadline() == created + 200_000)
        try await ledger.report(id, .completed)
        #expect(try await deadline() == nil)
        await ledger.close()
    }
}
