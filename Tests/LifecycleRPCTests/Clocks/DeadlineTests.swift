internal import LifecycleCore
internal import LifecycleRPC
internal import TestSupport
internal import Testing

@Suite("Each clock fails and refunds at its deadline and not a millisecond before", .ledgers)
struct DeadlineTests {
    /// Who comes by at the deadline.
    enum Visit: CaseIterable, Sendable {
        case getStatus, explainProject, getBalance, listEntries, listAll, listOfUser, listOfStatus, listSince, stats
        case updateStatus, heartbeat, createProject, cancelProject, retryProject, replay, adjustCredits
    }

    @Test("by the alarm, when nobody asks for anything", arguments: ProjectClock.allCases)
    func alarm(_ clock: ProjectClock) async throws {
        let (ledger, project, left) = try await clock.begin()
        let before = try await ledger.newestSeq()
        try await ledger.sleep(milliseconds: left - 1)
        #expect(try await ledger.newestSeq() == before)
        try await ledger.sleep(milliseconds: 1)
        #expect(try await ledger.newestSeq() == before + 1)
        #expect(ledger.lastCommitted == before + 1, "watchers are told")
        try await expectFailed(ledger, project, clock)
    }

    @Test("before any answer that is about it", arguments: ProjectClock.allCases, Visit.allCases)
    func visit(_ clock: ProjectClock, _ visit: Visit) async throws {
        let (ledger, project, left) = try await clock.begin()
        ledger.now += left - 1
        if visit == .getStatus { #expect(try await ledger.status(project).status.isTerminal == false) }
        ledger.now += 1
        try await check(visit, ledger, project, clock)
        try await expectFailed(ledger, project, clock)
    }

    @Test("a reader whose snapshot is older than the settlement does not show it alive either")
    func olderSnapshot() async throws {
        let (ledger, _, left) = try await ProjectClock.leaseExpired.begin()
        let reader = try ledger.store.makeReader()
        let balance: BoundCall.Read = { store, context throws(RPCError) in
            _ = try store.account(of: "ann")
            return { $0.null() }
        }
        ledger.now += left - 1
        guard case .answered = reader.run(balance, ledger.context(.tester)) else { throw TestFailure("early") }
        ledger.now += 1
        try await ledger.tick()
        guard case .due = reader.run(balance, ledger.context(.tester)) else { throw TestFailure("shown alive") }
        reader.endSnapshot()
        guard case .answered = reader.run(balance, ledger.context(.tester)) else { throw TestFailure("still due") }
        reader.endSnapshot()
        await ledger.close()
    }

    private func check(
        _ visit: Visit, _ ledger: LedgerHarness, _ project: ProjectID, _ clock: ProjectClock
    ) async throws {
        var list = ListProjects()
        switch visit {
        case .getStatus: #expect(try await ledger.status(project).errorCode == clock.code)
        case .explainProject: #expect(try await ledger.history(project).last == .failed)
        case .getBalance: #expect(try await ledger.call(GetBalance(userId: "ann")).available == 100)
        case .listEntries:
            #expect(try await ledger.call(ListEntries(userId: "ann")).entries.first?.kind == .refund)
        case .listAll: #expect(try await ledger.call(list).projects.map(\.status) == [.failed])
        case .listOfUser:
            list.userId = "ann"
            #expect(try await ledger.call(list).projects.map(\.status) == [.failed])
        case .listOfStatus:
            list.status = StatusFilter([.pending, .processing])
            #expect(try await ledger.call(list).projects.isEmpty)
        case .listSince:
            list.createdAfter = Timestamp(milliseconds: 0)
            #expect(try await ledger.call(list).projects.map(\.status) == [.failed])
        case .stats:
            list.limit = 1
            list.includeStats = true
            let stats = try await ledger.call(list).stats
            #expect(stats?.byStatus.failed == 1)
            #expect(stats?.creditsHeld == 0)
        case .updateStatus:
            let error = await ledger.error(UpdateStatus(projectId: project, status: .completed))
            #expect(error?.kind == .terminalState)
        case .heartbeat:
            let answer = try await ledger.call(Heartbeat(projectId: project, progress: 0.9, attach: true))
            #expect(answer.status == .failed)
            #expect(answer.deadline == nil)
            #expect(ledger.effects.isEmpty, "nothing is left to be attached")
        case .createProject:
            // The credits that it held are there.
            #expect(try await ledger.create(100, for: "ann").creditsUsed == 100)
        case .cancelProject: #expect(try await ledger.call(CancelProject(projectId: project)).changed == false)
        case .retryProject:
            #expect(try await ledger.call(RetryProject(projectId: project)).project.retryOf == project)
        case .replay:
            let error = await ledger.error(AdjustCredits(userId: "ann", credits: -101, reason: "r"))
            #expect(error?.namedFields["available"] == .integer(100))
        case .adjustCredits:
            #expect(
                try await ledger.call(AdjustCredits(userId: "ann", credits: -100, reason: "r")).balance.available == 0)
        }
    }

    private func expectFailed(_ ledger: LedgerHarness, _ id: ProjectID, _ clock: ProjectClock) async throws {
        let explained = try await ledger.call(ExplainProject(projectId: id))
        let project = explained.project
        #expect(project.status == .failed)
        #expect(project.errorCode == clock.code)
        #expect(project.finishedAt?.milliseconds == ledger.now)
        #expect(project.progress == nil, "what came too late is not kept")
        #expect(explained.entries.map(\.kind) == [.charge, .refund])
        #expect(explained.events.count { $0.kind == .failed } == 1)
        #expect(try await ledger.findings() == [])
        #expect(ledger.fatalErrors.isEmpty)
        await ledger.close()
    }
}
