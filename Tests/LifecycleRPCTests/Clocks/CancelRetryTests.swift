internal import LifecycleCore
internal import Testing

@Suite("Cancelling and doing again", .ledgers)
struct CancelRetryTests {
    // MARK: Cancel

    @Test("a pending project fails at once and is refunded; asking again changes nothing")
    func cancelPending() async throws {
        let (ledger, project) = try await ClockFixture.ledger()
        let first = try await ledger.call(CancelProject(projectId: project))
        #expect(first.changed)
        #expect(first.creditsRefunded == 10)
        #expect(first.balance == Balance(userId: "ann", available: 100, held: 0))
        #expect(first.project.status == .failed)
        #expect(first.project.errorCode == "cancelled")
        #expect(!first.project.cancelRequested)
        ledger.advance(seconds: 1)
        let again = try await ledger.call(CancelProject(projectId: project))
        #expect(!again.changed)
        #expect(again.project == first.project)
        #expect(again.creditsRefunded == 10)
        #expect(try await ledger.history(project) == [.created, .failed])
        await ledger.close()
    }

    @Test("a processing project is asked to end, once, and its pipeline learns it from the next heartbeat")
    func cancelProcessing() async throws {
        let (ledger, project) = try await ClockFixture.ledger(.processing)
        #expect(try await ledger.call(Heartbeat(projectId: project)).cancelRequested == false)
        let deadline = try await ledger.status(project).deadline
        ledger.now += 100
        let first = try await ledger.call(CancelProject(projectId: project))
        #expect(first.changed)
        #expect(first.creditsRefunded == 0)
        #expect(first.project.status == .processing)
        #expect(first.project.cancelRequested)
        #expect(first.project.deadline == deadline, "it is no sign of life")
        #expect(try await ledger.call(CancelProject(projectId: project)).changed == false)
        #expect(try await ledger.call(Heartbeat(projectId: project)).cancelRequested)
        let ended = try await ledger.call(
            UpdateStatus(projectId: project, status: .failed, errorCode: "cancelled"))
        #expect(ended.creditsRefunded == 10)
        #expect(ended.project.cancelRequested)
        #expect(try await ledger.history(project) == [.created, .processing, .cancelRequested, .failed])
        await ledger.close()
    }

    @Test("a pipeline that completes all the same keeps the credits")
    func completesAllTheSame() async throws {
        let (ledger, project) = try await ClockFixture.ledger(.processing)
        _ = try await ledger.call(CancelProject(projectId: project))
        #expect(try await ledger.report(project, .completed).balance == Balance(userId: "ann", available: 90, held: 0))
        let error = await ledger.error(CancelProject(projectId: project))
        #expect(error?.kind == .terminalState)
        #expect(error?.namedFields["status"] == .text("completed"))
        #expect(try await ledger.history(project) == [.created, .processing, .cancelRequested, .completed])
        await ledger.close()
    }

    @Test("silence after it lets the lease decide")
    func silence() async throws {
        let (ledger, project) = try await ClockFixture.ledger(.processing)
        _ = try await ledger.call(CancelProject(projectId: project))
        try await ledger.sleep(milliseconds: 20_000)
        #expect(try await ledger.status(project).errorCode == "leaseExpired")
        #expect(try await ledger.call(CancelProject(projectId: project)).changed == false)
        await ledger.close()
    }

    @Test("of a completed or unknown project it is refused, and moves nothing")
    func cancelRefused() async throws {
        let (ledger, project) = try await ClockFixture.ledger(.completed)
        let before = try await ledger.newestSeq()
        #expect(await ledger.error(CancelProject(projectId: project))?.kind == .terminalState)
        let unknown = CancelProject(projectId: ProjectID(high: 0x7000, low: 1 << 63))
        #expect(await ledger.error(unknown)?.kind == .projectNotFound)
        #expect(try await ledger.newestSeq() == before)
        await ledger.close()
    }

    // MARK: Retry

    @Test("a failed project is done again as it was, newly charged and linked; it stays as it is")
    func retry() async throws {
        let ledger = try LedgerHarness(ClockFixture.limits)
        try await ledger.grant(100, to: "ann")
        var request = CreateProject(userId: "ann", credits: 10, idempotencyKey: "k")
        (request.externalId, request.name, request.lease, request.maxRuntime) = ("x1", "A film", 7, 30)
        request.metadata = Metadata(text: Array(#"{"a":1}"#.utf8))
        let old = try await ledger.call(request).project.projectId
        _ = try await ledger.call(Heartbeat(projectId: old, progress: 0.5, message: "frame 1"))
        try await ledger.report(old, .processing)
        _ = try await ledger.call(CancelProject(projectId: old))
        try await ledger.report(old, .failed)
        let before = try await ledger.status(old)
        ledger.advance(seconds: 1)
        let again = try await ledger.call(RetryProject(projectId: old))
        #expect(!again.replayed)
        #expect(again.balance == Balance(userId: "ann", available: 90, held: 10))
        let new = again.project
        #expect(new.retryOf == old)
        #expect(new.status == .pending)
        #expect(new.name == "A film" && new.creditsUsed == 10 && new.metadata == request.metadata)
        #expect(new.externalId == nil && new.progress == nil && new.message == nil && !new.cancelRequested)
        #expect(new.createdAt.milliseconds == ledger.now)
        #expect(new.deadline?.milliseconds == ledger.now + 30_000)
        #expect(try await ledger.report(new.projectId, .processing).project.deadline?.milliseconds == ledger.now + 7000)
        #expect(try await ledger.status(old) == before)
        #expect(try await ledger.history(old) == [.created, .processing, .cancelRequested, .failed])
        // Twice, and of the second one, too.
        #expect(try await ledger.call(RetryProject(projectId: old)).project.projectId != new.projectId)
        try await ledger.report(new.projectId, .failed)
        #expect(try await ledger.call(RetryProject(projectId: new.projectId)).project.retryOf == new.projectId)
        #expect(try await ledger.findings() == [])
        await ledger.close()
    }

    @Test("only what failed is done again", arguments: [nil, Status.processing, .completed])
    func notFailed(_ status: Status?) async throws {
        let (ledger, project) = try await ClockFixture.ledger(status)
        let error = await ledger.error(RetryProject(projectId: project))
        #expect(error?.kind == .invalidTransition)
        #expect(error?.namedFields["from"] == .text((status ?? .pending).rawValue))
        #expect(try await ledger.call(ListProjects()).projects.count == 1)
        await ledger.close()
    }

    @Test("repeats with a key charge once, also when the new one has gone on")
    func idempotent() async throws {
        let (ledger, project) = try await ClockFixture.ledger(.failed)
        let retry = RetryProject(projectId: project, idempotencyKey: "again")
        let first = try await ledger.call(retry)
        #expect(try await ledger.call(retry).project == first.project)
        try await ledger.report(first.project.projectId, .failed)
        let repeated = try await ledger.call(retry)
        #expect(repeated.replayed)
        #expect(repeated.project.status == .failed)
        #expect(repeated.project.projectId == first.project.projectId)
        #expect(repeated.balance.available == 100)
        #expect(try await ledger.call(ListProjects()).projects.count == 2)
        await ledger.close()
    }

    @Test("a key that was used for something else conflicts, and says by what")
    func keyConflicts() async throws {
        let (ledger, project) = try await ClockFixture.ledger(.failed)
        let other = try await ledger.create(1, for: "ann", key: "create").projectId
        try await ledger.report(other, .failed)
        try await ledger.grant(1, to: "ann", key: "grant")
        _ = try await ledger.call(RetryProject(projectId: project, idempotencyKey: "retry"))
        func differs(_ error: RPCError?) -> RPCError.Field.Value? {
            error?.kind == .idempotencyConflict ? error?.namedFields["differs"] : nil
        }
        for key in ["create", "grant"] {
            let error = await ledger.error(RetryProject(projectId: project, idempotencyKey: key))
            #expect(differs(error) == .list(["method"]))
        }
        let otherProject = await ledger.error(RetryProject(projectId: other, idempotencyKey: "retry"))
        #expect(differs(otherProject) == .list(["projectId"]))
        // The same price, but another method.
        let create = await ledger.error(CreateProject(userId: "ann", credits: 10, idempotencyKey: "retry"))
        #expect(differs(create) == .list(["method"]))
        let grant = await ledger.error(GrantCredits(userId: "ann", credits: 1, reason: "r", idempotencyKey: "retry"))
        #expect(differs(grant) == .list(["method"]))
        await ledger.close()
    }

    @Test("without the credits there is no new project, and the key works after a top-up")
    func tooFewCredits() async throws {
        let (ledger, project) = try await ClockFixture.ledger(.failed)
        _ = try await ledger.create(95, for: "ann")
        let retry = RetryProject(projectId: project, idempotencyKey: "again")
        let error = await ledger.error(retry)
        #expect(error?.kind == .insufficientCredits)
        #expect(error?.namedFields["available"] == .integer(5))
        try await ledger.grant(5, to: "ann")
        #expect(try await ledger.call(retry).replayed == false)
        await ledger.close()
    }

    @Test("the key of a due project's retry replays it as it has become")
    func replayOfDue() async throws {
        let (ledger, project) = try await ClockFixture.ledger(.failed)
        let retry = RetryProject(projectId: project, idempotencyKey: "again")
        let new = try await ledger.call(retry).project.projectId
        ledger.advance(seconds: 60)
        let repeated = try await ledger.call(retry)
        #expect(repeated.project.projectId == new)
        #expect(repeated.project.errorCode == "startTimeout")
        #expect(repeated.balance.available == 100)
        await ledger.close()
    }
}
