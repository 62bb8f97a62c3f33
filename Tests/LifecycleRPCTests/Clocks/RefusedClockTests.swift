internal import LifecycleCore
internal import LifecycleRPC
internal import LifecycleSQLite
internal import TestSupport
internal import Testing

@Suite("What storage refuses to the daemon's clocks is done when it can be", .ledgers, .timeLimit(.minutes(60)))
struct RefusedClockTests {
    /// Another program with the lock, for as long as it likes.
    private func lock(_ ledger: LedgerHarness) throws -> RawDatabase {
        let foreigner = try RawDatabase(ledger.folder.database)
        try foreigner.execute("BEGIN IMMEDIATE")
        return foreigner
    }

    @Test("a foreign lock at a deadline puts the refund off, and nobody who asks meanwhile waits for it to go")
    func lockedAtADeadline() async throws {
        let (ledger, project) = try await ClockFixture.ledger()
        let foreigner = try lock(ledger)
        try await ledger.sleep(milliseconds: 60_000)
        #expect(try await ledger.status(project).status == .pending)
        #expect(await ledger.error(CreateProject(userId: "ann", credits: 1))?.kind == .storageUnavailable)
        try await ledger.sleep(milliseconds: 3000)
        foreigner.close()
        let before = try await ledger.newestSeq()
        try await ledger.sleep(milliseconds: 1000)
        #expect(try await ledger.newestSeq() == before + 1, "though nobody asked")
        #expect(try await ledger.status(project).errorCode == "startTimeout")
        #expect(try await ledger.findings() == [])
        #expect(ledger.fatalErrors.isEmpty)
        await ledger.close()
    }

    @Test("a foreign lock while signs of life are to be written loses none")
    func lockedAtABeat() async throws {
        let (ledger, project) = try await ClockFixture.ledger(.processing)
        _ = try await ledger.call(Heartbeat(projectId: project, progress: 0.5))
        let foreigner = try lock(ledger)
        try await ledger.sleep(milliseconds: 3000)
        #expect(try await ledger.status(project).progress == nil)
        foreigner.close()
        try await ledger.sleep(milliseconds: 1000)
        #expect(try await ledger.status(project).progress == 0.5)
        #expect(ledger.fatalErrors.isEmpty)
        await ledger.close()
    }

    @Test("a foreign lock when the clock goes back makes nobody wait for an hour more")
    func lockedWhenTheClockGoesBack() async throws {
        let (ledger, project) = try await ClockFixture.ledger(.processing)
        let foreigner = try lock(ledger)
        ledger.jumpClock(seconds: -3600)
        try await ledger.tick()
        try await ledger.sleep(milliseconds: 3000)
        foreigner.close()
        try await ledger.sleep(milliseconds: 1000)
        #expect(try await ledger.status(project).deadline?.milliseconds == ledger.now + 20_000)
        #expect(ledger.fatalErrors.isEmpty)
        await ledger.close()
    }

    @Test(
        "when the clock goes back on a full disk the daemon goes on, and starts", .enabled(if: SmallDisk.isAvailable),
        arguments: [false, true])
    func fullWhenTheClockGoesBack(hasBallast: Bool) async throws {
        let disk = try SmallDisk(.memory, megabytes: 64)
        let ledger = try LedgerHarness(ClockFixture.limits, in: ScratchFolder(on: disk))
        try await ledger.grant(100, to: "ann")
        let project = try await ledger.create(10, for: "ann").projectId
        try await ledger.report(project, .processing)
        await ledger.close()
        if !hasBallast { try ledger.folder.remove(ledger.folder.database + ".ballast") }
        try disk.fill()
        ledger.jumpClock(seconds: -3600)
        try await ledger.open()
        ledger.jumpClock(seconds: -3600)
        try await ledger.tick()
        if !hasBallast {
            #expect(try #require(await ledger.status(project).deadline).milliseconds > ledger.now + 3_600_000)
            disk.free()
            try await ledger.sleep(milliseconds: 1000)
        }
        let deadline = try #require(try await ledger.status(project).deadline?.milliseconds)
        #expect(deadline <= ledger.now + 20_000)
        #expect(ledger.fatalErrors.isEmpty)
        await ledger.close()
    }

    /// User `eve`'s account says that she holds less than she does: no project of hers can be paid back.
    private func damage(_ ledger: LedgerHarness, by credits: Int64) async throws {
        try await ledger.offline { file in
            try file.execute(
                """
                UPDATE account SET pendingCredits = pendingCredits - \(credits), available = available + \(credits)
                WHERE userId = 'eve'
                """)
        }
    }

    @Test("a project that cannot be refunded is put off, and is in nobody's way", arguments: [false, true])
    func damagedAccount(atTheStart: Bool) async throws {
        let (ledger, project) = try await ClockFixture.ledger()
        try await ledger.grant(10, to: "eve")
        let damaged = try await ledger.create(10, for: "eve").projectId
        try await damage(ledger, by: 10)
        if atTheStart {
            ledger.advance(seconds: 60)
            try await ledger.reopen()
        } else {
            try await ledger.sleep(milliseconds: 60_000)
        }
        #expect(try await ledger.status(project).errorCode == "startTimeout")
        let putOff = try await ledger.status(damaged)
        #expect(putOff.status == .pending)
        #expect(try #require(putOff.deadline).milliseconds > ledger.now)
        #expect(ledger.troubles.contains { $0.kind == .constraint && $0.message.contains("\(damaged)") })
        // Repaired, it is paid back by itself.
        try await damage(ledger, by: -10)
        try await ledger.sleep(milliseconds: 600_000)
        #expect(try await ledger.status(damaged).errorCode == "startTimeout")
        #expect(try await ledger.findings() == [])
        #expect(ledger.fatalErrors.isEmpty)
        await ledger.close()
    }

    @Test("more projects that cannot be refunded than one transaction takes hold up neither the start nor a write")
    func manyDamaged() async throws {
        let ledger = try LedgerHarness(ClockFixture.limits)
        try await ledger.grant(100, to: "ann")
        try await ledger.grant(600, to: "eve")
        let creates = (0..<600).map { _ in Call(CreateProject(userId: "eve", credits: 1)) }
        for result in await ledger.results(of: creates) { _ = try result.get() }
        let project = try await ledger.create(10, for: "ann").projectId
        try await damage(ledger, by: 600)
        ledger.advance(seconds: 60)
        // Each of these meets what is due, in one batch.
        let results = await ledger.results(of: [
            Call(GrantCredits(userId: "eve", credits: 1, reason: "r")),
            Call(CreateProject(userId: "ann", credits: 100)),
        ])
        for result in results { _ = try result.get() }
        #expect(try await ledger.status(project).errorCode == "startTimeout")
        ledger.advance(seconds: 600)
        try await ledger.reopen()
        #expect(try await ledger.call(GetBalance(userId: "ann")).available == 100)
        #expect(ledger.fatalErrors.isEmpty)
        await ledger.close()
    }
}
