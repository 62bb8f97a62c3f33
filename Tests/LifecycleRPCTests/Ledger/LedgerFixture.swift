internal import LifecycleCore

/// A ledger with a project in every status: what tests that break things begin with.
///
/// User `ann` has 1000 credits, `bob` 50. Ann's projects, by row: 1 `pending` of 10, 2 `processing` of 20, 3
/// `completed` of 30, 4 `failed` of 40, 5 `pending` of 50; each has the externalId `x1` … `x5`, but the fifth has none.
struct LedgerFixture {
    let ledger: LedgerHarness
    let projects: [ProjectID]

    init(_ limits: Limits = Limits()) async throws {
        ledger = try LedgerHarness(limits)
        try await ledger.grant(1000, to: "ann", key: "grant")
        try await ledger.grant(50, to: "bob")
        var projects: [ProjectID] = []
        for number in 1...5 as ClosedRange<Int64> {
            var request = CreateProject(userId: "ann", credits: number * 10, idempotencyKey: "key\(number)")
            if number < 5 { request.externalId = "x\(number)" }
            projects.append(try await ledger.call(request).project.projectId)
            ledger.advance(seconds: 1)
        }
        self.projects = projects
        try await ledger.report(projects[1], .processing)
        try await ledger.report(projects[2], .completed)
        try await ledger.report(projects[3], .failed)
    }
}

extension LedgerHarness {
    @discardableResult
    func grant(_ credits: Int64, to user: String, key: String? = nil) async throws(RPCError) -> PostedEntry {
        try await call(GrantCredits(userId: user, credits: credits, reason: "top-up", idempotencyKey: key))
    }

    @discardableResult
    func report(_ project: ProjectID, _ status: Status) async throws(RPCError) -> UpdateStatus.Response {
        try await call(UpdateStatus(projectId: project, status: status))
    }

    func create(_ credits: Int64, for user: String, key: String? = nil) async throws(RPCError) -> Project {
        try await call(CreateProject(userId: user, credits: credits, idempotencyKey: key)).project
    }

    /// The names of the checks that found something.
    func findings() async throws(RPCError) -> [String] {
        try await call(Audit()).findings.map(\.check)
    }
}
