internal import LifecycleCore
internal import LifecycleRPC
internal import TestSupport
internal import Testing

@Suite("What ends a pause, and what does not", .ledgers)
struct PauseEndTests {
    // MARK: Cancel

    @Test("a cancellation fails and refunds it at once and once, also when its time is over", arguments: [60, 3610])
    func cancelled(_ seconds: Int64) async throws {
        let (ledger, project) = try await PauseTests.paused()
        try await ledger.sleep(milliseconds: 1000 * seconds)
        let first = try await ledger.call(CancelProject(projectId: project))
        #expect(first.changed && first.creditsRefunded == 10)
        #expect(first.project.status == .failed && first.project.errorCode == "cancelled")
        #expect(first.project.errorMessage == "cancelled while it was paused")
        #expect(first.project.pausedUntil == nil)
        #expect(first.balance == Balance(userId: "ann", available: 100, held: 0))
        #expect(try await ledger.call(CancelProject(projectId: project)).changed == false)
        // Who resumes it learns that there is nothing to do.
        #expect(try await ledger.call(Heartbeat(projectId: project, attach: true)).status == .failed)
        #expect(try await ledger.call(Heartbeat(projectId: project, pause: 60)).status == .failed)
        #expect(await ledger.error(UpdateStatus(projectId: project, status: .completed))?.kind == .terminalState)
        try await ledger.sleep(milliseconds: 4_000_000)
        #expect(try await ledger.call(GetBalance(userId: "ann")).available == 100)
        let history = try await ledger.history(project)
        #expect(history == [.created, .processing, .paused, .failed, .reportRefused])
        #expect(try await ledger.findings() == [])
        await ledger.close()
    }

    @Test("a project that shall be cancelled is not paused: the lease decides, as for any that stays silent")
    func cancelRequested() async throws {
        let (ledger, project) = try await ClockFixture.ledger(.processing)
        _ = try await ledger.call(CancelProject(projectId: project))
        let answer = try await ledger.call(Heartbeat(projectId: project, pause: 3600))
        #expect(answer.cancelRequested && answer.pausedUntil == nil)
        #expect(answer.deadline?.milliseconds == ledger.now + 20_000)
        try await ledger.sleep(milliseconds: 20_000)
        #expect(try await ledger.status(project).errorCode == "leaseExpired")
        await ledger.close()
    }

    // MARK: The holder

    @Test("its holder may go, before and while it is paused")
    func lostHolder() async throws {
        let (ledger, project) = try await ClockFixture.ledger(.processing)
        try await ledger.loseHolder(of: [project])
        // In time, by another process.
        ledger.advance(seconds: 4)
        let answer = try await ledger.call(Heartbeat(projectId: project, pause: 3600))
        try await ledger.loseHolder(of: [project])
        #expect(try await ledger.status(project).deadline == answer.deadline)
        try await ledger.run(LostHolder.restorations(of: [project]))
        #expect(try await ledger.status(project).pausedUntil == answer.pausedUntil)
        ledger.advance(seconds: 3600)
        #expect(try await ledger.call(Heartbeat(projectId: project, attach: true)).pausedUntil == nil)
        try await ledger.loseHolder(of: [project])
        try await ledger.sleep(milliseconds: 5000)
        #expect(try await ledger.status(project).errorCode == "crashed")
        await ledger.close()
    }

    // MARK: Clocks that are set, and a daemon that is away

    @Test("a daemon that was down, or a clock that was set, gives a whole lease after it", arguments: [false, true])
    func grace(_ isDown: Bool) async throws {
        let (ledger, project) = try await PauseTests.paused(patience: 2000)
        if isDown {
            await ledger.close()
            ledger.advance(seconds: 3700)
            try await ledger.open()
        } else {
            ledger.jumpClock(seconds: 3700)
            try await ledger.tick()
        }
        #expect(try await ledger.status(project).deadline?.milliseconds == ledger.now + 20_000)
        try await ledger.sleep(milliseconds: 19_999)
        #expect(try await ledger.status(project).status == .processing)
        try await ledger.sleep(milliseconds: 1)
        #expect(try await ledger.status(project).errorCode == "leaseExpired")
        #expect(try await ledger.findings() == [])
        await ledger.close()
    }

    @Test(
        "after the clock went back it lasts no longer than one that had begun then, and no more is given back",
        arguments: [-86_400, -60] as [Int64], [false, true])
    func clockBack(_ jump: Int64, _ isDown: Bool) async throws {
        let (ledger, project) = try await PauseTests.paused()
        let until = try #require(try await ledger.status(project).pausedUntil?.milliseconds)
        ledger.advance(seconds: 30)
        if isDown { await ledger.close() }
        ledger.jumpClock(seconds: jump)
        if isDown { try await ledger.open() } else { try await ledger.tick() }
        let found = try await ledger.status(project)
        #expect(found.pausedUntil?.milliseconds == min(until, ledger.now + 3_600_000))
        #expect(found.deadline?.milliseconds == min(until + 20_000, ledger.now + 3_620_000))
        #expect(try await ledger.findings() == [])
        _ = try await ledger.call(Heartbeat(projectId: project))
        let events = try await ledger.call(ExplainProject(projectId: project)).events
        #expect(events.last?.detail == "3599 seconds given back", "one second is used at least")
        // Its runtime begins anew, as any project's does, and ends: nobody beats for ever.
        for _ in 0..<21 {
            ledger.advance(seconds: 10)
            _ = try await ledger.call(Heartbeat(projectId: project))
        }
        #expect(try await ledger.status(project).errorCode == "runtimeExceeded")
        #expect(try await ledger.findings() == [])
        await ledger.close()
    }

    @Test("a pause that was granted lasts, though the limits are lower since the daemon was started anew")
    func lowerLimits() async throws {
        let (ledger, project) = try await ClockFixture.ledger(.processing)
        ledger.advance(seconds: 15)
        let answer = try await ledger.call(Heartbeat(projectId: project, pause: 3600))
        await ledger.close()
        var limits = ClockFixture.limits
        (limits.maximumRuntime, limits.maximumPause, limits.lease) = (1, 60, 1)
        let next = try LedgerHarness(limits, start: ledger.now + 10_000, in: ledger.folder)
        #expect(try await next.status(project).pausedUntil == answer.pausedUntil)
        let error = await next.error(Heartbeat(projectId: project, pause: 55))
        #expect(error?.namedFields["maximum"] == .integer(50), "10 of 60 are used")
        // Deadlines are reckoned anew: by the new limits the runtime ends before the pause.
        next.jumpClock(seconds: -3)
        try await next.tick()
        #expect(try await next.status(project).deadline == answer.pausedUntil)
        try await next.sleep(milliseconds: 3_580_000)
        #expect(try await next.status(project).status == .processing)
        let resumed = try await next.call(Heartbeat(projectId: project))
        #expect(resumed.status == .processing && resumed.pausedUntil == nil)
        try await next.sleep(milliseconds: 1000)
        #expect(try await next.status(project).errorCode == "runtimeExceeded")
        #expect(try await next.findings() == [])
        #expect(next.fatalErrors.isEmpty)
        await next.close()
    }
}
