internal import LifecycleCore
internal import Testing

@Suite("Reports", .ledgers)
struct ReportTests {
    private func ledger(_ status: Status? = nil) async throws -> (LedgerHarness, ProjectID) {
        let ledger = try LedgerHarness()
        try await ledger.grant(100, to: "ann")
        let project = try await ledger.create(10, for: "ann").projectId
        ledger.advance(seconds: 5)
        if let status, status != .pending { try await ledger.report(project, status) }
        ledger.advance(seconds: 5)
        return (ledger, project)
    }

    /// From, report: what becomes of it, what changed, the events after it.
    static let table: [(Status, Status, Status?, Bool, [Event.Kind])] = [
        (.pending, .processing, .processing, true, [.created, .processing]),
        (.pending, .completed, .completed, true, [.created, .processing, .completed]),
        (.pending, .failed, .failed, true, [.created, .failed]),
        (.processing, .processing, .processing, false, [.created, .processing]),
        (.processing, .completed, .completed, true, [.created, .processing, .completed]),
        (.processing, .failed, .failed, true, [.created, .processing, .failed]),
        (.completed, .processing, nil, false, [.created, .processing, .completed, .reportRefused]),
        (.completed, .completed, .completed, false, [.created, .processing, .completed]),
        (.completed, .failed, nil, false, [.created, .processing, .completed, .reportRefused]),
        (.failed, .processing, nil, false, [.created, .failed, .reportRefused]),
        (.failed, .completed, nil, false, [.created, .failed, .reportRefused]),
        (.failed, .failed, .failed, false, [.created, .failed]),
        (.pending, .pending, nil, false, [.created]),
        (.processing, .pending, nil, false, [.created, .processing]),
        (.completed, .pending, nil, false, [.created, .processing, .completed]),
        (.failed, .pending, nil, false, [.created, .failed]),
    ]

    @Test("every edge of the lifecycle: state, money and history", arguments: table)
    func edge(_ from: Status, _ report: Status, _ to: Status?, _ changes: Bool, _ events: [Event.Kind]) async throws {
        let (ledger, id) = try await ledger(from)
        let before = try await ledger.call(GetStatus(projectId: id)).project
        let outcome = await ledger.result(of: Call(UpdateStatus(projectId: id, status: report)))
        let explained = try await ledger.call(ExplainProject(projectId: id))
        let now = explained.project

        switch (outcome, to) {
        case (.success(let text), let to?):
            let response = try UpdateStatus.Response.decoded(text)
            #expect(response.project == now)
            #expect(now.status == to)
            #expect(response.changed == changes)
            #expect(response.creditsRefunded == (to == .failed ? 10 : 0))
            #expect(response.balance.available == (to == .failed ? 100 : 90))
            #expect(response.balance.held == (to.isTerminal ? 0 : 10))
        case (.failure(let error), nil):
            #expect(error.kind == (report == .pending ? .invalidTransition : .terminalState))
            #expect(now == before)
        default: Issue.record("\(outcome)")
        }
        #expect(explained.events.map(\.kind) == events)
        let charged: [Entry.Kind] = [.charge]
        let outcomes: [Status: [Entry.Kind]] = [.completed: [.capture], .failed: [.refund]]
        #expect(explained.entries.map(\.kind) == charged + (outcomes[now.status] ?? []))
        #expect(explained.refusedReports == (events.last == .reportRefused ? 1 : 0))
        if from == .processing, report == .processing {
            #expect(now.updatedAt.milliseconds == ledger.now)
            #expect(now.startedAt == before.startedAt)
        }
        #expect(
            (now.startedAt != nil) == (now.status == .processing || now.status == .completed || from == .processing))
        #expect(try await ledger.findings() == [])
        await ledger.close()
    }

    @Test("the errors of the lifecycle say what is and what may be")
    func errorFields() async throws {
        let (ledger, id) = try await ledger(.failed)
        let finished = Timestamp(milliseconds: ledger.now - 5000).description
        let terminal = await ledger.error(UpdateStatus(projectId: id, status: .completed))
        #expect(
            terminal?.namedFields == [
                "status": .text("failed"), "finishedAt": .text(finished), "creditsRefunded": .integer(10),
            ])
        let transition = await ledger.error(UpdateStatus(projectId: id, status: .pending))
        #expect(
            transition?.namedFields == [
                "from": .text("failed"), "to": .text("pending"), "allowed": .list(["failed"]),
            ])
        await ledger.close()
    }

    @Test("the first message and code stay; a failure without any says so")
    func firstMessageStays() async throws {
        let (ledger, id) = try await ledger()
        let first = try await ledger.call(UpdateStatus(projectId: id, status: .failed, errorMessage: ""))
        #expect(first.project.errorMessage == "unspecified")
        #expect(first.project.errorCode == "pipelineFailed")
        let second = try await ledger.call(
            UpdateStatus(projectId: id, status: .failed, errorMessage: "other", errorCode: "crashed"))
        #expect(!second.changed)
        #expect(second.creditsRefunded == 10)
        #expect(second.project == first.project)
        await ledger.close()
    }

    @Test("refused reports are kept a hundred times, then only counted")
    func refusedReports() async throws {
        let (ledger, id) = try await ledger(.completed)
        var failure = UpdateStatus(projectId: id, status: .failed, errorMessage: "out of memory", errorCode: "crashed")
        _ = await ledger.results(of: (0..<99).map { _ in Call(failure) })
        failure.errorMessage = String(repeating: "\u{1F4A5}", count: 2000)
        for _ in 0..<5 { #expect(await ledger.error(failure)?.kind == .terminalState) }
        let explained = try await ledger.call(ExplainProject(projectId: id))
        let refused = explained.events.filter { $0.kind == .reportRefused }
        #expect(refused.count == 100)
        #expect(refused.first?.detail == "failed: crashed: out of memory")
        #expect(refused.first?.uid == Int64(Caller.tester.uid))
        #expect(refused.last?.detail?.utf8.count ?? 0 <= 1024)
        #expect(refused.last?.detail?.hasSuffix("\u{1F4A5}") == true)
        #expect(explained.refusedReports == 104)
        #expect(explained.summary.contains("104"))
        #expect(try await ledger.call(GetBalance(userId: "ann")) == Balance(userId: "ann", available: 90, held: 0))
        #expect(try await ledger.findings() == [])
        await ledger.close()
    }

    @Test("no message, code or user reads as a part of the summary's sentence")
    func summaryQuotes() async throws {
        let ledger = try LedgerHarness()
        let user = "ann; its 5 credits were never taken"
        try await ledger.grant(10, to: user)
        let id = try await ledger.create(5, for: user).projectId
        let message = "x\"; its 5 credits were kept; \"\u{1b}[2J\u{202e}"
        _ = try await ledger.call(UpdateStatus(projectId: id, status: .failed, errorMessage: message))
        let summary = try await ledger.call(ExplainProject(projectId: id)).summary
        #expect(summary.contains(##"from user "ann; its 5 credits were never taken"; "##), "\(summary)")
        #expect(
            summary.contains(##"with pipelineFailed, "x\"; its 5 credits were kept; \"\u{1b}[2J\u{202e}"; its 5 "##))
        await ledger.close()
    }

    @Test("the upstream's id addresses a project once it is known, and is recorded once")
    func externalIDs() async throws {
        let (ledger, id) = try await ledger()
        let other = try await ledger.create(1, for: "ann").projectId
        let byName = UpdateStatus(externalId: "up-1", status: .processing)
        #expect(await ledger.error(byName)?.kind == .projectNotFound)
        _ = try await ledger.call(UpdateStatus(projectId: id, externalId: "up-1", status: .processing))
        #expect(try await ledger.call(byName).project.projectId == id)
        #expect(try await ledger.call(GetStatus(externalId: "up-1")).project.projectId == id)
        // Another value for the same project, the same value for another project: neither does anything.
        for (project, name) in [(id, "up-2"), (other, "up-1")] {
            let error = await ledger.error(UpdateStatus(projectId: project, externalId: name, status: .failed))
            #expect(error?.kind == .idempotencyConflict)
            #expect(error?.namedFields == ["differs": .list(["externalId"])])
        }
        #expect(try await ledger.call(GetStatus(projectId: other)).project.status == .pending)
        #expect(
            try await ledger.call(ExplainProject(projectId: id)).events.map(\.kind)
                == [.created, .externalIdRecorded, .processing])
        // A report that is refused records none.
        try await ledger.report(other, .failed)
        _ = await ledger.error(UpdateStatus(projectId: other, externalId: "up-3", status: .completed))
        #expect(await ledger.error(GetStatus(externalId: "up-3"))?.kind == .projectNotFound)
        // One that says the same again does.
        _ = try await ledger.call(UpdateStatus(projectId: other, externalId: "up-3", status: .failed))
        #expect(try await ledger.call(GetStatus(externalId: "up-3")).project.projectId == other)
        await ledger.close()
    }
}
