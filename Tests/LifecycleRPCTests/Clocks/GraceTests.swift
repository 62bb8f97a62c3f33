internal import LifecycleCore
internal import LifecycleRPC
internal import Testing

@Suite("Nobody is refunded early because the daemon or the machine slept", .ledgers)
struct GraceTests {
    /// How the daemon missed an hour.
    enum Gap: CaseIterable, Sendable {
        case down, clockForwards, suspended
        /// The process was paused: both clocks went on, and nothing rang.
        case heldUp
        /// Paused in the middle of its work, which goes on before what came meanwhile is read.
        case heldUpInACommit, heldUpBeforeTheNextAlarm
        case downAndBack

        func happen(to ledger: LedgerHarness) async throws {
            switch self {
            case .down:
                await ledger.close()
                ledger.advance(seconds: 100)
                try await ledger.open()
            case .clockForwards, .suspended:
                // The monotonic clock stands still in both.
                ledger.jumpClock(seconds: 100)
            case .heldUp: ledger.advance(seconds: 100)
            case .heldUpInACommit: try await ledger.pauseInACommit(seconds: 100)
            case .heldUpBeforeTheNextAlarm: try await ledger.pauseBeforeTheNextAlarm(seconds: 100)
            case .downAndBack:
                await ledger.close()
                ledger.advance(seconds: 3000)
                ledger.jumpClock(seconds: -2900)
                try await ledger.open()
            }
        }
    }

    @Test(
        "a lease lasts a whole lease from there on, whoever looks first", arguments: Gap.allCases,
        [DeadlineTests.Visit.getStatus, .listAll, .updateStatus, .heartbeat])
    func lease(_ gap: Gap, _ first: DeadlineTests.Visit) async throws {
        let (ledger, project) = try await ClockFixture.ledger(.processing, patience: 2000)
        try await gap.happen(to: ledger)
        switch first {
        case .listAll: #expect(try await ledger.call(ListProjects()).projects.map(\.status) == [.processing])
        case .updateStatus: #expect(try await ledger.report(project, .processing).changed == false)
        case .heartbeat:
            #expect(try await ledger.call(Heartbeat(projectId: project)).status == .processing)
            try await ledger.sleep(milliseconds: 1000)
        default: break
        }
        let deadline = try #require(try await ledger.status(project).deadline?.milliseconds)
        #expect(ledger.now < deadline && deadline <= ledger.now + 20_000)
        try await ledger.sleep(milliseconds: deadline - ledger.now - 1)
        #expect(try await ledger.status(project).status == .processing)
        try await ledger.sleep(milliseconds: 1)
        #expect(try await ledger.status(project).errorCode == "leaseExpired")
        await ledger.close()
    }

    @Test("a clock that is set is told, once and by how much; one that goes on, or is corrected bit by bit, is not")
    func told() async throws {
        let (ledger, _) = try await ClockFixture.ledger(.processing)
        ledger.jumpClock(milliseconds: 2000)
        try await ledger.grant(1, to: "ann")
        ledger.advance(seconds: 10)
        try await ledger.grant(1, to: "ann")
        #expect(ledger.clockJumps.isEmpty)
        for milliseconds in [2001, -3_600_000] as [Int64] {
            ledger.jumpClock(milliseconds: milliseconds)
            try await ledger.tick()
            try await ledger.tick()
        }
        #expect(ledger.clockJumps == [ClockJump(milliseconds: 2001), ClockJump(milliseconds: -3_600_000)])
        await ledger.close()
        ledger.jumpClock(milliseconds: -5000)
        try await ledger.open()
        #expect(ledger.clockJumps.count == 3)
        #expect(ledger.clockJumps.last?.isBackwards == true)
        await ledger.close()
    }

    @Test("who stood still in the middle of a request until just before a lease's end gives grace, too")
    func heldUpInARequest() async throws {
        let (ledger, project) = try await ClockFixture.ledger(.processing, patience: 2000)
        let slow: BoundCall.Write = { _, _ throws(RPCError) in
            ledger.advance(seconds: 19)
            return { $0.null() }
        }
        _ = try await ledger.run(slow).result.get()
        try await ledger.sleep(milliseconds: 2000)
        #expect(try await ledger.status(project).status == .processing)
        await ledger.close()
    }

    @Test("an event loop that stood still gives grace, once, though the writer went on", arguments: [true, false])
    func loopHeldUp(_ hasPaused: Bool) async throws {
        let (ledger, project) = try await ClockFixture.ledger(.processing, patience: 2000)
        for _ in 0..<10 {
            ledger.now += 1950
            try await ledger.untilIdle()
        }
        if hasPaused { ledger.pauseLoop() }
        ledger.now += 1000
        #expect(try await ledger.status(project).status == (hasPaused ? .processing : .failed))
        guard hasPaused else { return await ledger.close() }
        #expect(try await ledger.status(project).deadline?.milliseconds == ledger.now + 20_000)
        try await ledger.sleep(milliseconds: 20_000)
        #expect(try await ledger.status(project).errorCode == "leaseExpired")
        await ledger.close()
    }

    @Test("a detach grace lasts a whole one from there on", arguments: [Gap.down, .clockForwards, .heldUp])
    func detachGrace(_ gap: Gap) async throws {
        let (ledger, project) = try await ClockFixture.ledger(.processing, patience: 2000)
        try await ledger.loseHolder(of: [project])
        try await gap.happen(to: ledger)
        #expect(try await ledger.status(project).deadline?.milliseconds == ledger.now + 5000)
        // Who comes back in time has his lease again.
        let answer = try await ledger.call(Heartbeat(projectId: project, attach: true))
        #expect(answer.deadline?.milliseconds == ledger.now + 20_000)
        try await ledger.sleep(milliseconds: 19_999)
        #expect(try await ledger.status(project).status == .processing)
        try await ledger.sleep(milliseconds: 1)
        #expect(try await ledger.status(project).errorCode == "leaseExpired")
        await ledger.close()
    }

    @Test("a lost holder is failed as crashed, though the daemon was down meanwhile")
    func crashedWhileDown() async throws {
        let (ledger, project) = try await ClockFixture.ledger(.processing)
        try await ledger.loseHolder(of: [project])
        try await Gap.down.happen(to: ledger)
        try await ledger.sleep(milliseconds: 5000)
        #expect(try await ledger.status(project).errorCode == "crashed")
        await ledger.close()
    }

    @Test("the start timeout and the runtime have no grace", arguments: [ProjectClock.startTimeout, .runtimeExceeded])
    func noGrace(_ clock: ProjectClock) async throws {
        let (ledger, project, left) = try await clock.begin()
        ledger.jumpClock(milliseconds: left)
        #expect(try await ledger.status(project).errorCode == clock.code)
        await ledger.close()
    }

    @Test("a grace ends where the runtime does")
    func graceAndRuntime() async throws {
        let (ledger, project) = try await ClockFixture.ledger(.processing)
        let created = ledger.now
        ledger.jumpClock(seconds: 190)
        #expect(try await ledger.status(project).deadline?.milliseconds == created + 200_000)
        try await ledger.sleep(milliseconds: 10_000)
        #expect(try await ledger.status(project).errorCode == "runtimeExceeded")
        await ledger.close()
    }

    @Test("one clock jump gives one grace, not one for each look")
    func onceOnly() async throws {
        let (ledger, project) = try await ClockFixture.ledger(.processing)
        ledger.jumpClock(seconds: 86_400 - 300_000)
        ledger.jumpClock(seconds: 300_000)
        // A day is more than the runtime, which is over.
        #expect(try await ledger.status(project).errorCode == "runtimeExceeded")
        let second = try await ledger.create(10, for: "ann").projectId
        try await ledger.report(second, .processing)
        ledger.jumpClock(seconds: 30)
        #expect(try await ledger.status(second).status == .processing)
        for _ in 0..<19 {
            ledger.advance(seconds: 1)
            #expect(try await ledger.status(second).status == .processing)
        }
        ledger.advance(seconds: 1)
        #expect(try await ledger.status(second).errorCode == "leaseExpired")
        await ledger.close()
    }

    @Test("a clock that goes back an hour makes nobody wait for an hour more")
    func backAnHour() async throws {
        let (ledger, started) = try await ClockFixture.ledger(.processing)
        let pending = try await ledger.create(10, for: "ann").projectId
        let lost = try await ledger.create(10, for: "ann").projectId
        try await ledger.loseHolder(of: [lost])
        let beating = try await ledger.create(10, for: "ann").projectId
        try await ledger.report(beating, .processing)
        _ = try await ledger.call(Heartbeat(projectId: beating))
        ledger.jumpClock(seconds: -3600)
        try await ledger.tick()
        let now = ledger.now
        #expect(try await ledger.status(started).deadline?.milliseconds == now + 20_000)
        #expect(try await ledger.status(beating).deadline?.milliseconds == now + 20_000)
        #expect(try await ledger.status(pending).deadline?.milliseconds == now + 60_000)
        #expect(try await ledger.status(lost).deadline?.milliseconds == now + 5000)
        try await ledger.sleep(milliseconds: 5000)
        #expect(try await ledger.status(lost).errorCode == "crashed")
        try await ledger.sleep(milliseconds: 15_000)
        #expect(try await ledger.status(started).errorCode == "leaseExpired")
        #expect(try await ledger.status(beating).errorCode == "leaseExpired")
        try await ledger.sleep(milliseconds: 40_000)
        #expect(try await ledger.status(pending).errorCode == "startTimeout")
        #expect(try await ledger.findings() == [])
        await ledger.close()
    }

    @Test("a clock that went back while the daemon was down makes nobody wait for as long more")
    func backWhileDown() async throws {
        let (ledger, project) = try await ClockFixture.ledger(.processing)
        await ledger.close()
        ledger.jumpClock(seconds: -3600)
        try await ledger.open()
        #expect(try await ledger.status(project).deadline?.milliseconds == ledger.now + 20_000)
        await ledger.close()
    }

    @Test(
        "maxRuntime ends a project that beats, after the clock went back, though nobody was there or the daemon starts anew",
        arguments: [-3600, -150] as [Int64], [false, true])
    func backAndBeating(_ jump: Int64, _ isDown: Bool) async throws {
        let (ledger, project) = try await ClockFixture.ledger(.processing)
        let created = ledger.now
        try await ledger.beat(project, seconds: 100)
        if isDown { await ledger.close() }
        ledger.jumpClock(seconds: jump)
        if isDown { try await ledger.open() } else { try await ledger.tick() }
        let back = ledger.now
        try await ledger.beat(project, seconds: 30)
        // What was noted of the clock is not done a second time.
        try await ledger.reopen()
        try await ledger.beat(project, seconds: 160)
        #expect(try await ledger.status(project).status == .processing)
        #expect(try await ledger.status(project).deadline?.milliseconds == back + 200_000)
        #expect(ledger.now < created + 200_000)
        try await ledger.beat(project, seconds: 10)
        #expect(try await ledger.status(project).errorCode == "runtimeExceeded")
        #expect(try await ledger.findings() == [])
        await ledger.close()
    }

    /// Who puts it right again.
    enum Correction: CaseIterable, Sendable {
        case running, down, byRestart
    }

    @Test("a clock that went back and is put right again takes no runtime from anybody", arguments: Correction.allCases)
    func backAndForwards(_ correction: Correction) async throws {
        let (ledger, project) = try await ClockFixture.ledger(.processing)
        let created = ledger.now
        let bystander = try await ledger.create(10, for: "ann").projectId
        try await ledger.report(bystander, .processing)
        try await ledger.beat(project, seconds: 10)
        ledger.jumpClock(seconds: -3600)
        try await ledger.tick()
        try await ledger.beat(project, seconds: 10)
        switch correction {
        case .running: ledger.jumpClock(seconds: 3600)
        case .down:
            await ledger.close()
            ledger.jumpClock(seconds: 3600)
            try await ledger.open()
        case .byRestart:
            await ledger.close()
            ledger.restartMachine(offFor: 3600)
            try await ledger.open()
        }
        // The one that is silent has a lease, and no more.
        let deadline = try #require(try await ledger.status(bystander).deadline)
        #expect(deadline.milliseconds <= ledger.now + 20_000)
        try await ledger.beat(project, seconds: 170)
        #expect(try await ledger.status(bystander).errorCode == "leaseExpired")
        #expect(try await ledger.status(project).deadline?.milliseconds == created + 200_000)
        try await ledger.beat(project, seconds: 10)
        #expect(try await ledger.status(project).errorCode == "runtimeExceeded")
        #expect(try await ledger.findings() == [])
        await ledger.close()
    }

    @Test("a step forwards gives back so much runtime, and no more than the terms")
    func forwardsByLess() async throws {
        let (ledger, project) = try await ClockFixture.ledger(.processing)
        let created = ledger.now
        ledger.jumpClock(seconds: -3600)
        try await ledger.tick()
        let back = ledger.now
        ledger.jumpClock(seconds: 100)
        try await ledger.tick()
        #expect(try await ledger.runtimeEnd(project) == back + 300_000)
        ledger.jumpClock(seconds: 7200)
        try await ledger.tick()
        #expect(try await ledger.runtimeEnd(project) == nil)
        #expect(try await ledger.status(project).deadline?.milliseconds ?? 0 <= created + 200_000)
        await ledger.close()
    }

    @Test(
        "an alarm that rings early, as the clock was set back a little, rings again", arguments: [-500, -1900, -2500])
    func earlyAlarm(_ jump: Int64) async throws {
        let (ledger, project) = try await ClockFixture.ledger(.processing)
        try await ledger.sleep(milliseconds: 10_000)
        ledger.jumpClock(milliseconds: jump)
        let before = try await ledger.newestSeq()
        // Nobody asks for anything.
        try await ledger.sleep(milliseconds: 30_000)
        #expect(try await ledger.newestSeq() == before + 1)
        #expect(try await ledger.status(project).errorCode == "leaseExpired")
        await ledger.close()
    }

    @Test("a clock that goes forwards is noticed within a minute, though nobody comes")
    func forwardsUnseen() async throws {
        var limits = ClockFixture.limits
        limits.startTimeout = 7200
        limits.maximumRuntime = 7200
        let ledger = try LedgerHarness(limits)
        try await ledger.grant(10, to: "ann")
        _ = try await ledger.create(10, for: "ann")
        try await ledger.sleep(milliseconds: 10_000)
        ledger.jumpClock(seconds: 7200)
        let before = try await ledger.newestSeq()
        try await ledger.sleep(milliseconds: 60_000)
        #expect(try await ledger.newestSeq() == before + 1)
        #expect(ledger.lastCommitted == before + 1, "watchers are told")
        await ledger.close()
    }

    @Test("corrections bit by bit are no jump: leases end in time")
    func slowCorrection() async throws {
        let (ledger, project) = try await ClockFixture.ledger(.processing)
        for _ in 0..<19 {
            ledger.now += 800
            ledger.jumpClock(milliseconds: 200)
            #expect(try await ledger.status(project).status == .processing)
            try await ledger.tick()
        }
        ledger.now += 1000
        #expect(try await ledger.status(project).errorCode == "leaseExpired")
        await ledger.close()
    }
}

extension LedgerHarness {
    /// Time passes, with a heartbeat every ten seconds, also at the end.
    fileprivate func beat(_ project: ProjectID, seconds: Int64) async throws {
        for _ in 0..<(seconds / 10) {
            advance(seconds: 10)
            _ = try await call(Heartbeat(projectId: project))
        }
    }

    /// What is kept of it, where it is earlier than the terms say.
    fileprivate func runtimeEnd(_ project: ProjectID) async throws -> Int64? {
        try await offline { file in
            Int64(try file.rows("SELECT ifnull(runtimeEnd, '') FROM project WHERE row = 1")[0][0])
        }
    }
}
