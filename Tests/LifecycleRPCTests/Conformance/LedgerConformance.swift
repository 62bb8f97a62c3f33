internal import LifecycleCore
internal import LifecycleRPC
internal import Synchronization
internal import Testing

/// What the daemon needs of an engine. Each engine must pass every check, under the whole writer and its threads.
enum LedgerConformance: String, CaseIterable, Sendable {
    case randomSequences, randomSequencesWithoutTimers, races, refusedChange, refusedExpiry, failuresAtEveryPoint
    case heldBackDurability

    static func exercise(_ engine: TestedEngine, _ check: LedgerConformance, seed: UInt64 = 20_261_201) async throws {
        switch check {
        case .randomSequences: try await playModel(on: engine, seed, hasAlarm: true)
        case .randomSequencesWithoutTimers: try await playModel(on: engine, seed, hasAlarm: false)
        case .races: try await race(on: engine)
        case .refusedChange: try await refuseChange(on: engine)
        case .refusedExpiry: try await refuseExpiry(on: engine)
        case .failuresAtEveryPoint: for point in EngineFaults.Point.allCases { try await fail(on: engine, point) }
        case .heldBackDurability: try await holdBack(on: engine)
        }
    }

    /// Random requests, restarts and clock jumps agree with the model.
    private static func playModel(on engine: TestedEngine, _ seed: UInt64, hasAlarm: Bool) async throws {
        for seed in seed..<(seed + 5) {
            let ledger = try engine.ledger(ModelTests.limits)
            var player = ModelPlayer(ledger, hasAlarm: hasAlarm)
            await ModelTests.play(seed: seed, &player) { player, step in try await player.jump(milliseconds: step) }
            #expect(ledger.fatalErrors.isEmpty)
            await ledger.close()
        }
    }

    /// Of contradicting reports that race, the first wins and moves the credits. The others are refused.
    private static func race(on engine: TestedEngine) async throws {
        let ledger = try engine.ledger()
        try await ledger.grant(1000, to: "ann")
        for _ in 0..<10 {
            let id = try await ledger.create(10, for: "ann").projectId
            let refused = await withTaskGroup(of: Bool.self) { group in
                for status in [Status.failed, .completed, .failed, .completed] {
                    group.addTask { await ledger.error(UpdateStatus(projectId: id, status: status)) != nil }
                }
                return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
            }
            let explained = try await ledger.call(ExplainProject(projectId: id))
            let end: Entry.Kind = explained.project.status == .failed ? .refund : .capture
            #expect(refused == 2 && explained.entries.map(\.kind) == [.charge, end])
        }
        try await expectConservation(of: ledger, "ann", granted: 1000)
    }

    /// A change that breaks a rule of the ledger is undone, and only the request that made it fails.
    private static func refuseChange(on engine: TestedEngine) async throws {
        let ledger = try engine.ledger()
        try await ledger.grant(100, to: "ann")
        let id = try await ledger.create(10, for: "ann").projectId
        try await ledger.report(id, .completed)
        async let before = ledger.error(CreateProject(userId: "ann", credits: 3))
        async let refused = ledger.run { store, context throws(RPCError) in
            _ = try store.openAccount(of: "eve")
            try store.finish(
                try store.existingProject(.projectID(id)), .failed(code: "crashed", message: "x"), at: context.now)
            return { $0.null() }
        }
        async let after = ledger.error(CreateProject(userId: "ann", credits: 4))
        let (first, outcome, last) = await (before, refused, after)
        #expect(first == nil && last == nil && outcome.steps.isEmpty)
        #expect(throws: RPCError.self) { try outcome.result.get() }
        #expect(try await ledger.call(GetBalance(userId: "ann")) == Balance(userId: "ann", available: 83, held: 7))
        try await expectConservation(of: ledger, "ann", granted: 100)
    }

    /// While a due project cannot be expired, a late report on it is refused, and not taken as if it came in time.
    private static func refuseExpiry(on engine: TestedEngine) async throws {
        let faults = EngineFaults()
        let ledger = try engine.ledger(ModelTests.limits, faults: faults)
        try await ledger.grant(100, to: "ann")
        let id = try await ledger.create(10, for: "ann").projectId
        ledger.advance(seconds: ModelTests.limits.startTimeout)
        faults.refusesExpiries = true
        let refusal = await ledger.error(UpdateStatus(projectId: id, status: .completed))
        #expect(refusal?.kind == .storageFull)
        faults.refusesExpiries = false
        ledger.advance(seconds: 2)
        #expect(try await ledger.call(GetStatus(projectId: id)).project.status == .failed)
        try await expectConservation(of: ledger, "ann", granted: 100)
    }

    /// The engine fails in a commit, and what was not durable is lost. An acknowledged write is never lost, and a write
    /// whose outcome is unknown takes effect once when it is repeated.
    private static func fail(on engine: TestedEngine, _ point: EngineFaults.Point) async throws {
        let faults = EngineFaults()
        faults.cutsPower = true
        let ledger = try engine.ledger(faults: faults)
        try await ledger.grant(100, to: "ann")
        let acknowledged = try await ledger.create(10, for: "ann", key: "first")
        faults.fail(point)
        let refusal = try #require(
            await ledger.error(CreateProject(userId: "ann", credits: 20, idempotencyKey: "second")))
        #expect(refusal.kind == (point == .beforeCommit ? .storageUnavailable : .outcomeUnknown))
        // Nothing is written after such a failure.
        #expect(await ledger.error(GrantCredits(userId: "ann", credits: 1, reason: "r")) != nil)
        try await ledger.reopen()

        #expect(try await ledger.call(GetStatus(projectId: acknowledged.projectId)).project.status == .pending)
        let repeated = try await ledger.call(CreateProject(userId: "ann", credits: 20, idempotencyKey: "second"))
        #expect(repeated.balance == Balance(userId: "ann", available: 70, held: 30))
        if point == .afterDurable { #expect(repeated.replayed) }
        if point == .beforeCommit { #expect(!repeated.replayed) }
        try await expectConservation(of: ledger, "ann", granted: 100)
    }

    /// While a commit is held back before it is durable, nobody is told of it: no caller, no watcher and no reader.
    private static func holdBack(on engine: TestedEngine) async throws {
        let faults = EngineFaults()
        let ledger = try engine.ledger(faults: faults)
        try await ledger.grant(100, to: "ann")
        let commits = ledger.committedTimes
        let order = Order()
        faults.hold()
        async let writer: Void = {
            _ = await ledger.error(CreateProject(userId: "ann", credits: 10))
            order.note("caller")
        }()
        while !faults.isHolding { await Task.yield() }
        async let reader: Void = {
            let balance = try await ledger.snapshot { store throws(RPCError) in
                defer { order.hasRead.store(true, ordering: .releasing) }
                return try store.account(of: "ann")?.balance
            }
            #expect(balance == Balance(userId: "ann", available: 90, held: 10))
            order.note("reader")
        }()
        while !order.hasRead.load(ordering: .acquiring) { await Task.yield() }
        #expect(ledger.committedTimes == commits)
        order.note("durable")
        faults.release()
        _ = try await (writer, reader)
        #expect(order.notes.first == "durable")
        #expect(ledger.committedTimes == commits + 1)
        await ledger.close()
    }

    /// Every credit is available, held or captured, and each project has one charge and at most one end.
    private static func expectConservation(of ledger: LedgerHarness, _ user: String, granted: Int64) async throws {
        let balance = try await ledger.call(GetBalance(userId: user))
        var captured: Int64 = 0
        for project in try await ledger.call(ListProjects(userId: user)).projects {
            let kinds = try await ledger.call(ExplainProject(projectId: project.projectId)).entries.map(\.kind)
            switch project.status {
            case .pending, .processing: #expect(kinds == [.charge])
            case .completed: #expect(kinds == [.charge, .capture])
            case .failed: #expect(kinds == [.charge, .refund])
            }
            if project.status == .completed { captured += project.creditsUsed }
        }
        #expect(balance.available + balance.held + captured == granted)
        #expect(try await ledger.findings() == [])
        await ledger.close()
    }
}

/// What happened one after the other, on any thread.
private final class Order: Sendable {
    let hasRead = Atomic(false)
    private let list = Mutex<[String]>([])
    var notes: [String] { list.withLock(\.self) }
    func note(_ text: String) { list.withLock { $0.append(text) } }
}

@Suite("Every engine carries the daemon", .ledgers)
struct LedgerConformanceTests {
    @Test(arguments: TestedEngine.allCases, LedgerConformance.allCases)
    func passes(engine: TestedEngine, check: LedgerConformance) async throws {
        try await LedgerConformance.exercise(engine, check)
    }
}
