internal import Foundation
internal import LifecycleCore
internal import TestSupport
internal import Testing

@Suite("A heartbeat renews a live lease, and costs little", .ledgers)
struct HeartbeatTests {
    @Test("it moves the deadline, at once for who writes and within a second for who reads")
    func renews() async throws {
        let (ledger, project) = try await ClockFixture.ledger(.processing)
        ledger.advance(seconds: 15)
        let said = ledger.now
        let answer = try await ledger.call(Heartbeat(projectId: project, progress: 0.25, message: "frame 7"))
        #expect(answer.status == .processing)
        #expect(answer.deadline?.milliseconds == said + 20_000)
        #expect(!answer.cancelRequested)
        // A write sees what was said, though it is not on disk.
        let repeated = try await ledger.call(Heartbeat(projectId: project))
        #expect(repeated.deadline == answer.deadline)
        try await ledger.sleep(milliseconds: 1000)
        let seen = try await ledger.status(project)
        #expect(seen.progress == 0.25)
        #expect(seen.message == "frame 7")
        #expect(seen.deadline == answer.deadline)
        #expect(seen.updatedAt.milliseconds == said)
        // What the next ones do not say stays.
        _ = try await ledger.call(Heartbeat(projectId: project, message: ""))
        _ = try await ledger.call(Heartbeat(projectId: project, progress: 1))
        try await ledger.sleep(milliseconds: 1000)
        #expect(try await ledger.status(project).progress == 1)
        #expect(try await ledger.status(project).message == "")
        // Kept when it ends.
        let ended = try await ledger.report(project, .completed).project
        #expect(ended.progress == 1)
        #expect(try await ledger.history(project) == [.created, .processing, .completed])
        await ledger.close()
    }

    @Test("what was said is written before what is reported after it, in the same transaction")
    func beforeReport() async throws {
        let (ledger, project) = try await ClockFixture.ledger(.processing)
        let results = await ledger.results(of: [
            Call(Heartbeat(projectId: project, progress: 0.5)),
            Call(UpdateStatus(projectId: project, status: .completed)),
            Call(Heartbeat(projectId: project, progress: 0.75)),
            Call(GrantCredits(userId: "ann", credits: 0, reason: "r")),
        ])
        #expect(try UpdateStatus.Response.decoded(results[1].get()).project.progress == 0.5)
        let late = try Heartbeat.Response.decoded(results[2].get())
        #expect(late.status == .completed)
        #expect(late.deadline == nil)
        try await ledger.sleep(milliseconds: 2000)
        #expect(try await ledger.status(project).progress == 0.5)
        #expect(try await ledger.status(project).deadline == nil)
        await ledger.close()
    }

    @Test("a neighbour's refusal takes nothing back and brings nothing back")
    func refusedNeighbour() async throws {
        let (ledger, project) = try await ClockFixture.ledger(.processing)
        _ = try await ledger.call(Heartbeat(projectId: project, progress: 0.5))
        ledger.now += 500
        let refused = Call(GrantCredits(userId: "ann", credits: 0, reason: "r"))
        // The heartbeat's row is written with the report; the refusal after it must not make it wait again.
        let results = await ledger.results(of: [Call(UpdateStatus(projectId: project, status: .processing)), refused])
        let renewed = try UpdateStatus.Response.decoded(results[0].get()).project
        try await ledger.sleep(milliseconds: 3000)
        #expect(try await ledger.status(project) == renewed)
        let more = await ledger.results(of: [Call(Heartbeat(projectId: project, progress: 0.6)), refused])
        _ = try more[0].get()
        try await ledger.sleep(milliseconds: 1000)
        #expect(try await ledger.status(project).progress == 0.6)
        await ledger.close()
    }

    @Test("a thousand of one project are one row a second and no line of history")
    func coalesced() async throws {
        let (ledger, project) = try await ClockFixture.ledger(.processing)
        try await ledger.sleep(milliseconds: 2000)
        let wal = ledger.folder.database + "-wal"
        func size() throws -> Int { try FileManager.default.attributesOfItem(atPath: wal)[.size] as? Int ?? 0 }
        let (events, before) = (try await ledger.newestSeq(), try size())
        for number in 0..<10 {
            let beats = (0..<100).map {
                Call(Heartbeat(projectId: project, progress: Double(number * 100 + $0) / 1000))
            }
            for result in await ledger.results(of: beats) { _ = try result.get() }
        }
        #expect(try size() == before, "nothing is written at once")
        try await ledger.sleep(milliseconds: 1000)
        #expect(try await ledger.status(project).progress == 0.999)
        // Frames of one commit: the row's page, and its place among the deadlines.
        #expect(try size() <= before + 4 * 4120)
        #expect(try await ledger.newestSeq() == events)
        await ledger.close()
    }

    @Test("who beats in time is never failed, however long it takes")
    func staysAlive() async throws {
        let (ledger, project) = try await ClockFixture.ledger(.processing)
        for _ in 0..<12 {
            try await ledger.sleep(milliseconds: 15_000)
            #expect(try await ledger.call(Heartbeat(projectId: project)).status == .processing)
        }
        // Without a write in between, and read at the moment where the row on disk would be due.
        try await ledger.sleep(milliseconds: 19_000)
        _ = try await ledger.call(Heartbeat(projectId: project))
        ledger.now += 900
        #expect(try await ledger.status(project).status == .processing)
        await ledger.close()
    }

    @Test("those that were lost with the daemon cost nobody his project")
    func lostWithDaemon() async throws {
        let (ledger, project) = try await ClockFixture.ledger(.processing)
        let folder = try ScratchFolder()
        ledger.advance(seconds: 19)
        _ = try await ledger.call(Heartbeat(projectId: project, progress: 0.5))
        // As a kill -9 leaves it.
        for end in ["", "-wal"] {
            try FileManager.default.copyItem(atPath: ledger.folder.database + end, toPath: folder.database + end)
        }
        await ledger.close()
        let next = try LedgerHarness(ClockFixture.limits, start: ledger.now + 2000, in: folder)
        let found = try await next.status(project)
        #expect(found.status == .processing)
        #expect(found.progress == nil)
        #expect(found.deadline?.milliseconds == next.now + 20_000)
        await next.close()
    }

    @Test("a pending project keeps its start timeout, and tells how far its preparation is")
    func pending() async throws {
        let (ledger, project) = try await ClockFixture.ledger()
        let created = ledger.now
        ledger.advance(seconds: 30)
        let answer = try await ledger.call(Heartbeat(projectId: project, progress: 0, message: "queued"))
        #expect(answer.status == .pending)
        #expect(answer.deadline?.milliseconds == created + 60_000)
        try await ledger.sleep(milliseconds: 1000)
        #expect(try await ledger.status(project).message == "queued")
        try await ledger.sleep(milliseconds: 29_000)
        #expect(try await ledger.status(project).errorCode == "startTimeout")
        await ledger.close()
    }

    @Test("one that has ended stays so", arguments: [Status.completed, .failed])
    func ended(_ status: Status) async throws {
        let (ledger, project) = try await ClockFixture.ledger(status)
        let before = try await ledger.status(project)
        let answer = try await ledger.call(Heartbeat(projectId: project, progress: 0.1, attach: true))
        #expect(answer.status == status)
        #expect(answer.deadline == nil)
        try await ledger.sleep(milliseconds: 2000)
        #expect(try await ledger.status(project) == before)
        #expect(ledger.effects.isEmpty)
        await ledger.close()
    }

    @Test(
        "what it cannot mean is refused, before any effect",
        arguments: [
            (#""progress":1.1"#, "progress"), (#""progress":-0.1"#, "progress"), (#""progress":1e400"#, "progress"),
            (#""progress":"0.5""#, "progress"), (#""progress":null"#, "progress"), (#""attach":1"#, "attach"),
            (#""message":"\#(String(repeating: "x", count: 1025))""#, "message"), (#""message":7"#, "message"),
            (#""Progress":0.5"#, "Progress"),
        ])
    func wrong(_ member: String, _ param: String) async throws {
        let (ledger, project) = try await ClockFixture.ledger(.processing)
        let before = try await ledger.status(project)
        let error = await ledger.error(Call("heartbeat", #"{"projectId":"\#(project)",\#(member)}"#))
        #expect(error?.kind == .invalidParams)
        #expect(error?.namedFields["param"] == .text(param))
        try await ledger.sleep(milliseconds: 1000)
        #expect(try await ledger.status(project) == before)
        await ledger.close()
    }

    @Test("not a number, from Swift, is refused and not sent as something else", arguments: [Double.nan, .infinity])
    func notANumber(_ progress: Double) async throws {
        let (ledger, project) = try await ClockFixture.ledger(.processing)
        #expect(await ledger.error(Heartbeat(projectId: project, progress: progress))?.kind != nil)
        await ledger.close()
    }

    @Test("the ends of the range and the longest message are taken", arguments: [0, 1, 0.1, 1e-300])
    func bounds(_ progress: Double) async throws {
        let (ledger, project) = try await ClockFixture.ledger(.processing)
        let message = String(repeating: "é", count: 512)
        _ = try await ledger.call(Heartbeat(projectId: project, progress: progress, message: message))
        try await ledger.sleep(milliseconds: 1000)
        #expect(try await ledger.status(project).progress == progress)
        #expect(try await ledger.status(project).message == message)
        await ledger.close()
    }

    @Test("nobody's project is not found")
    func unknown() async throws {
        let ledger = try LedgerHarness(ClockFixture.limits)
        let unknown = ProjectID(high: 0x7000, low: 1 << 63)
        #expect(await ledger.error(Heartbeat(projectId: unknown))?.kind == .projectNotFound)
        #expect(await ledger.error(Heartbeat(externalId: "x"))?.kind == .projectNotFound)
        #expect(await ledger.error(Heartbeat())?.kind == .invalidParams)
        await ledger.close()
    }
}
