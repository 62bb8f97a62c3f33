internal import LifecycleCore
internal import LifecycleRPC
internal import Testing

@Suite("A paused project waits, and its clocks with it", .ledgers)
struct PauseTests {
    static let hour: Int64 = 3600

    /// A project that is paused for an hour from the moment of its creation on.
    static func paused(patience: Int64 = .max) async throws -> (LedgerHarness, ProjectID) {
        let (ledger, project) = try await ClockFixture.ledger(.processing, patience: patience)
        _ = try await ledger.call(Heartbeat(projectId: project, pause: hour))
        return (ledger, project)
    }

    @Test("it stays processing until a lease after the pause's end, is failed then, and refunded once")
    func waits() async throws {
        let (ledger, project) = try await ClockFixture.ledger(.processing)
        let begin = ledger.now
        let answer = try await ledger.call(Heartbeat(projectId: project, progress: 0.5, pause: Self.hour))
        #expect(answer.status == .processing && !answer.cancelRequested)
        #expect(answer.pausedUntil?.milliseconds == begin + 3_600_000)
        #expect(answer.deadline?.milliseconds == begin + 3_620_000)
        let seen = try await ledger.status(project)
        #expect(seen.pausedUntil == answer.pausedUntil, "at once, for who reads")
        #expect(seen.deadline == answer.deadline)
        try await ledger.sleep(milliseconds: 3_619_999)
        #expect(try await ledger.status(project).status == .processing)
        #expect(try await ledger.status(project).pausedUntil == answer.pausedUntil, "nobody has ended it")
        try await ledger.sleep(milliseconds: 1)
        let failed = try await ledger.status(project)
        #expect(failed.errorCode == "leaseExpired")
        #expect(failed.errorMessage == "the pipeline did not report again after its pause")
        #expect(failed.pausedUntil == nil && failed.progress == 0.5)
        #expect(try await ledger.history(project) == [.created, .processing, .paused, .failed])
        #expect(try await ledger.call(GetBalance(userId: "ann")).available == 100)
        #expect(try await ledger.findings() == [])
        await ledger.close()
    }

    @Test("what was not used of it is given back, in whole seconds, to the runtime and to the next pause")
    func givenBack() async throws {
        let (ledger, project) = try await Self.paused()
        let created = ledger.now
        ledger.now += 1_000_500
        let answer = try await ledger.call(Heartbeat(projectId: project))
        #expect(answer.pausedUntil == nil)
        #expect(answer.deadline?.milliseconds == ledger.now + 20_000)
        #expect(try await ledger.status(project).pausedUntil == nil)
        let events = try await ledger.call(ExplainProject(projectId: project)).events
        #expect(events.suffix(2).map(\.kind) == [.paused, .resumed])
        #expect(events.suffix(2).map(\.detail) == ["3600 seconds", "2599 seconds given back"])
        // 1001 seconds were used: the runtime of 200 ends as much later, and not a millisecond after that.
        while ledger.now < created + 1_190_000 {
            ledger.now += 10_000
            _ = try await ledger.call(Heartbeat(projectId: project))
        }
        try await ledger.sleep(milliseconds: created + 1_200_999 - ledger.now)
        #expect(try await ledger.status(project).status == .processing)
        try await ledger.sleep(milliseconds: 1)
        #expect(try await ledger.status(project).errorCode == "runtimeExceeded")
        #expect(try await ledger.findings() == [])
        await ledger.close()
    }

    @Test("any report ends it", arguments: [Status.processing, .completed, .failed])
    func reported(_ status: Status) async throws {
        let (ledger, project) = try await Self.paused()
        ledger.advance(seconds: 60)
        let reported = try await ledger.report(project, status)
        #expect(reported.project.status == status && reported.project.pausedUntil == nil)
        #expect(reported.creditsRefunded == (status == .failed ? 10 : 0))
        let verdict: [Event.Kind] = status == .processing ? [] : [status == .completed ? .completed : .failed]
        #expect(try await ledger.history(project) == [.created, .processing, .paused, .resumed] + verdict)
        #expect(try await ledger.findings() == [])
        await ledger.close()
    }

    @Test("a report that is refused does not end it")
    func refusedReport() async throws {
        let (ledger, project) = try await Self.paused()
        #expect(await ledger.error(UpdateStatus(projectId: project, status: .pending))?.kind == .invalidTransition)
        #expect(try await ledger.status(project).pausedUntil != nil)
        await ledger.close()
    }

    @Test("a pause within a pause ends that one and begins anew")
    func again() async throws {
        let (ledger, project) = try await Self.paused()
        ledger.advance(seconds: 600)
        let answer = try await ledger.call(Heartbeat(projectId: project, pause: 7200))
        #expect(answer.pausedUntil?.milliseconds == ledger.now + 7_200_000)
        #expect(try await ledger.history(project).suffix(3) == [.paused, .resumed, .paused])
        #expect(try await ledger.findings() == [])
        await ledger.close()
    }

    @Test("a length that no pause has is refused, and nothing happens", arguments: [0, -1, 604_801, .max] as [Int64])
    func wrongLength(_ seconds: Int64) async throws {
        let (ledger, project) = try await ClockFixture.ledger(.processing)
        let before = try await ledger.status(project)
        let error = await ledger.error(Call("heartbeat", #"{"projectId":"\#(project)","pause":\#(seconds)}"#))
        if seconds < .max {
            #expect(error?.kind == .amountOutOfRange)
            #expect(error?.namedFields["minimum"] == .integer(1))
            #expect(error?.namedFields["maximum"] == .integer(604_800))
        } else {
            #expect(error?.kind == .invalidParams, "it is no number that every JSON reader keeps")
        }
        #expect(error?.namedFields["param"] == .text("pause"))
        try await ledger.sleep(milliseconds: 1000)
        #expect(try await ledger.status(project) == before)
        await ledger.close()
    }

    @Test("the pauses of a project have a bound together, by what was used of them")
    func bound() async throws {
        let (ledger, project) = try await ClockFixture.ledger(.processing)
        let week: Int64 = 604_800
        let first = try await ledger.call(Heartbeat(projectId: project, pause: week))
        // An answer was lost, and the client asks again: there is no room for two.
        ledger.now += 2500
        #expect(try await ledger.call(Heartbeat(projectId: project, pause: week)).pausedUntil == first.pausedUntil)
        #expect(try await ledger.history(project).filter { $0 == .paused }.count == 1)
        let error = await ledger.error(Heartbeat(projectId: project, pause: week - 2))
        #expect(error?.kind == .amountOutOfRange)
        #expect(error?.namedFields["param"] == .text("pause"))
        #expect(error?.namedFields["maximum"] == .integer(week - 3), "2.5 seconds count as 3")
        #expect(try await ledger.status(project).pausedUntil == first.pausedUntil, "it goes on")
        _ = try await ledger.call(Heartbeat(projectId: project))
        #expect(try await ledger.call(Heartbeat(projectId: project, pause: week - 3)).pausedUntil != nil)
        ledger.advance(seconds: week - 3)
        _ = try await ledger.call(Heartbeat(projectId: project))
        let none = await ledger.error(Heartbeat(projectId: project, pause: 1))
        #expect(none?.namedFields["maximum"] == .integer(0))
        #expect(try await ledger.findings() == [])
        await ledger.close()
    }

    @Test("one is used up by asking, too: a project is not paused more often than it has seconds")
    func oneSecondAtLeast() async throws {
        let (ledger, project) = try await ClockFixture.ledger(.processing)
        for _ in 0..<3 {
            _ = try await ledger.call(Heartbeat(projectId: project, pause: 5))
            _ = try await ledger.call(Heartbeat(projectId: project))
        }
        let error = await ledger.error(Heartbeat(projectId: project, pause: 604_798))
        #expect(error?.namedFields["maximum"] == .integer(604_797))
        #expect(try await ledger.findings() == [])
        await ledger.close()
    }

    @Test("a pending project is not paused, one that has ended tells so, and a pause ties no lease")
    func others() async throws {
        let (ledger, project) = try await ClockFixture.ledger()
        let error = await ledger.error(Heartbeat(projectId: project, pause: 60))
        #expect(error?.kind == .invalidTransition)
        #expect(error?.namedFields["from"] == .text("pending"))
        try await ledger.report(project, .processing)
        let both = await ledger.error(Heartbeat(projectId: project, attach: true, pause: 60))
        #expect(both?.kind == .invalidParams)
        #expect(both?.namedFields["param"] == .text("attach"))
        #expect(try await ledger.call(Heartbeat(projectId: project, attach: false, pause: 60)).pausedUntil != nil)
        try await ledger.report(project, .completed)
        let ended = try await ledger.call(Heartbeat(projectId: project, pause: 60))
        #expect(ended.status == .completed && ended.pausedUntil == nil && ended.deadline == nil)
        #expect(try await ledger.history(project).last == .completed)
        await ledger.close()
    }

    @Test("the pause, and what was said before it in the same commit, are on disk together")
    func inOneCommit() async throws {
        let (ledger, project) = try await ClockFixture.ledger(.processing)
        let until = ledger.now + 3_600_000
        let results = await ledger.results(of: [
            Call(Heartbeat(projectId: project, progress: 0.5)), Call(Heartbeat(projectId: project, pause: Self.hour)),
            Call(GrantCredits(userId: "ann", credits: 0, reason: "refused")),
        ])
        #expect(try Heartbeat.Response.decoded(results[1].get()).pausedUntil?.milliseconds == until)
        try await ledger.reopen()
        let found = try await ledger.status(project)
        #expect(found.pausedUntil?.milliseconds == until && found.deadline?.milliseconds == until + 20_000)
        #expect(found.progress == 0.5)
        await ledger.close()
    }

    @Test("explain says until when, and what happens then")
    func explained() async throws {
        let (ledger, project) = try await Self.paused()
        let seen = try await ledger.status(project)
        let (until, deadline) = (try #require(seen.pausedUntil), try #require(seen.deadline))
        let during = try await ledger.call(ExplainProject(projectId: project)).summary
        #expect(during.contains("; paused until \(until), and the next report ends the pause; a cancellation fails"))
        #expect(during.hasSuffix("; it is failed and refunded at \(deadline) if nobody reports again."))
        try await ledger.sleep(milliseconds: 3_600_000)
        let after = try await ledger.call(ExplainProject(projectId: project)).summary
        #expect(after.contains("; its pause is over since \(until), and nobody has reported yet; it is failed"))
        await ledger.close()
    }
}
