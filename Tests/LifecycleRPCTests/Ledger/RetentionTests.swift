internal import LifecycleCore
internal import LifecycleRPC
internal import LifecycleSQLite
internal import Synchronization
internal import Testing

@Suite("Retention", .ledgers)
struct RetentionTests {
    static let day: Int64 = 86_400

    private func trim(_ ledger: LedgerHarness, keepDays: Int64) async throws -> Int {
        try await RetentionService.pass(ledger.store.writes, keepDays: keepDays).trimmed
    }

    @Test("removes the history of what ended long ago, and nothing of its money and its keys")
    func trims() async throws {
        let fixture = try await LedgerFixture()
        let ledger = fixture.ledger
        var create = CreateProject(userId: "ann", credits: 7, idempotencyKey: "rich")
        create.name = "The fox"
        create.metadata = try Metadata(json: #"{"pages":12}"#)
        create.lease = 77
        let rich = try await ledger.call(create).project
        _ = try await ledger.call(UpdateStatus(projectId: rich.projectId, status: .failed, errorMessage: "GPU lost"))
        try await ledger.grant(1, to: "ann")  // The newest event of all stays in any case.
        let balance = try await ledger.call(GetBalance(userId: "ann"))
        let entries = try await ledger.call(ListEntries(userId: "ann")).entries

        // All of them ended a moment ago: to the millisecond.
        ledger.advance(seconds: 10 * Self.day)
        #expect(try await trim(ledger, keepDays: 10) == 0)
        ledger.now += 1
        #expect(try await trim(ledger, keepDays: 0) == 0)
        #expect(try await trim(ledger, keepDays: 11) == 0)
        let trimmedAt = ledger.now
        #expect(try await trim(ledger, keepDays: 10) == 3)
        #expect(try await trim(ledger, keepDays: 10) == 0)

        let explained = try await ledger.call(ExplainProject(projectId: rich.projectId))
        #expect(explained.events.isEmpty)
        #expect(explained.entries.map(\.kind) == [.charge, .refund])
        #expect(explained.trimmedAt?.milliseconds == trimmedAt)
        #expect(explained.summary.contains("were removed at \(Timestamp(milliseconds: trimmedAt))"))
        let project = explained.project
        #expect(project.name == nil && project.metadata == nil && project.errorCode == "pipelineFailed")
        #expect(project.errorMessage == Retention.removedMessage)
        #expect(project.creditsRefunded == 7 && project.finishedAt != nil)
        let unfinished = try await ledger.call(ExplainProject(projectId: fixture.projects[1]))
        #expect(unfinished.trimmedAt == nil)

        #expect(try await ledger.call(ListEntries(userId: "ann")).entries.suffix(entries.count) == entries[...])
        #expect(try await ledger.findings() == [])
        let script = try auditScript()
        #expect(
            try await ledger.offline { _ in try sqlite3Command(ledger.folder.database, script: script).output } == "")
        #expect(try await ledger.call(GetBalance(userId: "ann")).available >= balance.available)

        // A replay has nothing but what is left to compare with.
        #expect(try await ledger.call(create).replayed)
        create.name = "Another"
        create.metadata = nil
        #expect(try await ledger.call(create).project.projectId == rich.projectId)
        create.credits = 8
        create.lease = nil
        create.externalId = "other"
        let error = try #require(await ledger.error(create))
        #expect(error.kind == .idempotencyConflict)
        #expect(error["differs"] == .list(["credits", "externalId", "lease"]))
        // A late report is refused as ever, and kept.
        #expect(
            await ledger.error(UpdateStatus(projectId: rich.projectId, status: .completed))?.kind == .terminalState)
        #expect(try await ledger.findings() == [])
        await ledger.close()
    }

    @Test("what was forgotten is not done again: nobody is charged for work without a name and its metadata")
    func retry() async throws {
        let fixture = try await LedgerFixture()
        let ledger = fixture.ledger
        let failed = fixture.projects[3]
        let known = RetryProject(projectId: failed, idempotencyKey: "again")
        let again = try await ledger.call(known).project
        ledger.advance(seconds: 2 * Self.day)
        #expect(try await trim(ledger, keepDays: 1) == 2)
        let balance = try await ledger.call(GetBalance(userId: "ann"))
        let error = try #require(await ledger.error(RetryProject(projectId: failed)))
        #expect(error.kind == .invalidTransition)
        #expect(error.message.contains("removed"))
        #expect(error.hint.contains("createProject"))
        #expect(try await ledger.call(GetBalance(userId: "ann")) == balance)
        // What was charged before is answered as ever.
        let replayed = try await ledger.call(known)
        #expect(replayed.replayed && replayed.project.projectId == again.projectId)
        await ledger.close()
    }

    @Test("never gives the number of a removed event to a new one")
    func numbers() async throws {
        let ledger = try LedgerHarness()
        try await ledger.grant(10, to: "ann")
        let project = try await ledger.create(5, for: "ann")
        try await ledger.report(project.projectId, .failed)
        let newest = try #require(try await ledger.call(ExplainProject(projectId: project.projectId)).events.last)
        ledger.advance(seconds: 2 * Self.day)
        #expect(try await trim(ledger, keepDays: 1) == 1)
        try await ledger.reopen()
        #expect(try await ledger.call(ExplainProject(projectId: project.projectId)).events == [newest])
        let next = try await ledger.create(5, for: "ann")
        let events = try await ledger.call(ExplainProject(projectId: next.projectId)).events
        #expect(events.map(\.seq) == [newest.seq + 1])
        #expect(try await ledger.findings() == [])
        await ledger.close()
    }

    @Test("goes through more projects than one transaction takes")
    func many() async throws {
        let ledger = try LedgerHarness()
        try await ledger.grant(10_000, to: "ann")
        let calls = (0..<1203).map { Call(CreateProject(userId: "ann", credits: 0, idempotencyKey: "k\($0)")) }
        for result in await ledger.results(of: calls) { _ = try result.get() }
        let reports = try await ledger.call(ListProjects(userId: "ann")).projects
        for project in reports { try await ledger.report(project.projectId, .processing) }
        ledger.advance(seconds: 3 * Self.day)
        try await ledger.reopen()  // What is due fails.
        ledger.advance(seconds: 3 * Self.day)
        #expect(try await trim(ledger, keepDays: 2) == 1203)
        #expect(try await ledger.findings() == [])
        #expect(try await trim(ledger, keepDays: 2) == 0)
        await ledger.close()
    }

    @Test("a step looks at a window of rows and trims a batch at most")
    func steps() throws {
        let now = Mutex(Timestamp(milliseconds: 0))
        let database = try Database.inMemory()
        try Migrator.run(Schema.migrations, on: database)
        let store = WriteTransaction(
            try SQLiteWriteTransaction(database) { now.withLock(\.milliseconds) }, NextDeadline())
        func context() -> CallContext {
            CallContext(now: now.withLock(\.self), caller: .tester, limits: Limits(), metrics: NoMetrics())
        }
        _ = try store.clockAgreement(at: context().now)
        let start = context()
        for _ in 0..<1100 {
            let project = try CreateProject(userId: "ann", credits: 0).run(in: store, start).project
            _ = try UpdateStatus(projectId: project.projectId, status: .failed).run(in: store, start)
        }
        now.withLock { $0 = $0.adding(seconds: 10 * Self.day) }
        let context = context()
        #expect(try Retention.run(in: store, context, keepDays: 1, after: 0) == .init(trimmed: 500, next: 500))
        #expect(try Retention.run(in: store, context, keepDays: 1, after: 500) == .init(trimmed: 500, next: 1000))
        #expect(try Retention.run(in: store, context, keepDays: 1, after: 1000) == .init(trimmed: 100, next: nil))
        #expect(try Retention.run(in: store, context, keepDays: 1, after: 0) == .init(trimmed: 0, next: nil))
        #expect(try store.audit().findings == [])
        #expect(try store.newestSeq() == 2200)
        #expect(try store.events(EventFilter(), after: 0, limit: 10).map(\.seq) == [2200])
    }

    @Test("removes later what was written to a history after it was removed")
    func lateEvents() async throws {
        let ledger = try LedgerHarness()
        try await ledger.grant(10, to: "ann")
        let project = try await ledger.create(5, for: "ann").projectId
        try await ledger.report(project, .failed)
        func events() async throws -> [Event.Kind] {
            try await ledger.call(ExplainProject(projectId: project)).events.map(\.kind)
        }
        ledger.advance(seconds: 2 * Self.day)
        #expect(try await trim(ledger, keepDays: 1) == 1)
        let late = UpdateStatus(projectId: project, status: .completed)
        for _ in 0..<2 { #expect(await ledger.error(late)?.kind == .terminalState) }
        try await ledger.grant(1, to: "ann")
        // What was the newest event of all stayed; now it is old and another one is the newest.
        #expect(try await events() == [.failed, .reportRefused, .reportRefused])
        #expect(try await trim(ledger, keepDays: 1) == 1)
        #expect(try await events() == [.reportRefused, .reportRefused])
        ledger.advance(seconds: Self.day)
        #expect(try await trim(ledger, keepDays: 1) == 0)
        ledger.now += 1
        #expect(try await trim(ledger, keepDays: 1) == 1)
        #expect(try await events() == [])
        #expect(try await trim(ledger, keepDays: 1) == 0)
        #expect(try await ledger.call(ExplainProject(projectId: project)).refusedReports == 2)
        #expect(try await ledger.findings() == [])
        await ledger.close()
    }

    /// The daemon starts with the clock at fault, and a project is due then, which it writes an event of.
    @Test(
        "removes nothing while the clock is far beyond a history, until it has gone on for a day",
        arguments: [30, 3650] as [Int64])
    func wrongClock(days: Int64) async throws {
        let fixture = try await LedgerFixture()
        let ledger = fixture.ledger
        let newest = try await ledger.newestSeq()
        await ledger.close()
        ledger.jumpClock(seconds: days * Self.day + 1)
        try await ledger.open()
        #expect(try await ledger.newestSeq() > newest)
        let started = Timestamp(milliseconds: ledger.now)
        func pass() async throws -> Retention.Step {
            try await RetentionService.pass(ledger.store.writes, keepDays: 1)
        }
        let held = try await pass()
        #expect(held.trimmed == 0)
        #expect(try #require(held.silentSince) < started)
        ledger.advance(seconds: Self.day - 1)
        try await ledger.grant(1, to: "ann")
        #expect(try await pass() == held)
        ledger.advance(seconds: 1)
        let step = try await pass()
        #expect(step.silentSince == nil && step.trimmed > 0)
        #expect(try await ledger.findings() == [])
        await ledger.close()
    }

    @Test(
        "removes nothing until the clock has been seen to be right for a day, whoever is there to see",
        arguments: [true, false])
    func unprovenClock(runs: Bool) async throws {
        let fixture = try await LedgerFixture()
        let ledger = fixture.ledger
        func pass() async throws -> Retention.Step {
            try await RetentionService.pass(ledger.store.writes, keepDays: 1)
        }
        ledger.advance(seconds: 3600)
        // Not far enough for the history to tell.
        ledger.jumpClock(seconds: 20 * Self.day)
        try await ledger.tick()
        let held = try await pass()
        #expect(held.trimmed == 0 && held.silentSince == nil)
        #expect(held.waitsFor?.left == Self.day * 1000)
        for _ in 0..<23 {
            if runs {
                try await ledger.sleep(milliseconds: 3_600_000)
            } else {
                await ledger.close()
                ledger.advance(seconds: 3600)
                try await ledger.open()
            }
            #expect(try await pass().trimmed == 0)
        }
        // The machine may be off meanwhile.
        await ledger.close()
        ledger.restartMachine()
        try await ledger.open()
        ledger.advance(seconds: 3599)
        #expect(try await pass().waitsFor?.left == 1000)
        ledger.advance(seconds: 1)
        #expect(try await pass().trimmed > 0)
        #expect(try await pass().waitsFor == nil)
        #expect(try await ledger.findings() == [])
        await ledger.close()
    }

    @Test("a clock that is set in the middle of it stops it")
    func setMeanwhile() async throws {
        let ledger = try LedgerHarness()
        try await ledger.grant(10, to: "ann")
        let project = try await ledger.create(5, for: "ann").projectId
        try await ledger.report(project, .failed)
        try await ledger.grant(1, to: "ann")
        ledger.advance(seconds: 2 * Self.day)
        // Seen by nobody else before.
        ledger.jumpClock(seconds: 61)
        #expect(try await RetentionService.pass(ledger.store.writes, keepDays: 1).waitsFor?.agreed == 0)
        #expect(try await trim(ledger, keepDays: 1) == 0)
        await ledger.close()
    }

    @Test("a clock that was wrong and is right again holds nothing up for ever")
    func rightAgain() async throws {
        let ledger = try LedgerHarness()
        try await ledger.grant(10, to: "ann")
        let project = try await ledger.create(5, for: "ann").projectId
        try await ledger.report(project, .failed)
        ledger.jumpClock(seconds: 3650 * Self.day)
        for _ in 0..<20 { try await ledger.grant(1, to: "ann") }
        ledger.jumpClock(seconds: -3650 * Self.day)
        for _ in 0..<3 {
            ledger.advance(seconds: Self.day)
            try await ledger.grant(1, to: "ann")
        }
        #expect(try await trim(ledger, keepDays: 1) == 1)
        await ledger.close()
    }

    @Test("no hand on the file removes a history twice, or one that is not marked so")
    func guarded() async throws {
        let fixture = try await LedgerFixture()
        let ledger = fixture.ledger
        ledger.advance(seconds: 2 * Self.day)
        #expect(try await trim(ledger, keepDays: 1) == 2)
        _ = try await ledger.create(1, for: "ann")
        try await ledger.offline { file in
            #expect(file.refusal("UPDATE project SET trimmedAt = 1 WHERE row = 4")?.contains("removed once") == true)
            #expect(file.refusal("UPDATE project SET errorMessage = 'x' WHERE row = 4")?.contains("verdict") == true)
            #expect(file.refusal("DELETE FROM event WHERE project = 1")?.contains("kept") == true)
            #expect(file.refusal("UPDATE project SET trimmedAt = 1 WHERE row = 6")?.contains("trimmedAt") == true)
        }
        await ledger.close()
    }
}
