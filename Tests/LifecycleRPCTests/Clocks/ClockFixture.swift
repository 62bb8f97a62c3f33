internal import LifecycleCore
internal import LifecycleRPC

/// Short clocks, and one project of 10 out of user `ann`'s 100 credits.
enum ClockFixture {
    /// In seconds.
    static let (startTimeout, lease, runtime, grace) = (60, 20, 200, 5) as (Int64, Int64, Int64, Int64)

    static let limits: Limits = {
        var limits = Limits()
        limits.startTimeout = startTimeout
        limits.lease = lease
        limits.maximumRuntime = runtime
        limits.detachGrace = grace
        return limits
    }()

    /// - Parameters:
    ///   - report: what was reported of it; nil: nothing.
    ///   - patience: see `Store.Environment`.
    static func ledger(_ report: Status? = nil, patience: Int64 = .max) async throws -> (LedgerHarness, ProjectID) {
        let ledger = try LedgerHarness(limits, patience: patience)
        try await ledger.grant(100, to: "ann")
        let project = try await ledger.create(10, for: "ann").projectId
        if let report { try await ledger.report(project, report) }
        return (ledger, project)
    }
}

/// One of the clocks, and how a project comes to fail by it.
enum ProjectClock: CaseIterable, Sendable {
    case startTimeout, leaseExpired, runtimeExceeded, crashed

    var code: String { "\(self)" }

    /// A project that this clock alone is about to end, and how many milliseconds are left.
    func begin() async throws -> (ledger: LedgerHarness, project: ProjectID, left: Int64) {
        switch self {
        case .startTimeout:
            let (ledger, project) = try await ClockFixture.ledger()
            return (ledger, project, 60_000)
        case .leaseExpired:
            let (ledger, project) = try await ClockFixture.ledger(.processing)
            return (ledger, project, 20_000)
        case .runtimeExceeded:
            let (ledger, project) = try await ClockFixture.ledger(.processing)
            for _ in 0..<19 {
                ledger.advance(seconds: 10)
                _ = try await ledger.call(Heartbeat(projectId: project))
            }
            return (ledger, project, 10_000)
        case .crashed:
            let (ledger, project) = try await ClockFixture.ledger(.processing)
            try await ledger.loseHolder(of: [project])
            return (ledger, project, 5000)
        }
    }
}

extension LedgerHarness {
    /// As the hub says it when a connection ends.
    func loseHolder(of projects: [ProjectID]) async throws { try await run(LostHolder.detachments(of: projects)) }

    func run(_ writes: [BoundCall.Write]) async throws {
        for write in writes {
            let store = try store
            let result = await withCheckedContinuation { done in
                store.writes.submitOwn(
                    WriteJob(worksOnFullDisk: true, caller: .tester, run: write) { done.resume(returning: $0.result) })
            }
            _ = try result.get()
        }
    }

    /// The history's length, which no clock minds being asked for.
    func newestSeq() async throws -> Int64 { try await snapshot { store throws(RPCError) in try store.newestSeq() } }

    func status(_ project: ProjectID) async throws(RPCError) -> Project {
        try await call(GetStatus(projectId: project)).project
    }

    /// The kinds of a project's history.
    func history(_ project: ProjectID) async throws(RPCError) -> [Event.Kind] {
        try await call(ExplainProject(projectId: project)).events.map(\.kind)
    }
}
