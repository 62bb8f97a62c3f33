internal import LifecycleCore
internal import LifecycleRPC
internal import Synchronization
internal import Testing

@Suite("Many callers at once", .ledgers)
struct ConcurrencyTests {
    @Test("50 parallel creates with one key make one project and charge once")
    func oneKey() async throws {
        let ledger = try LedgerHarness()
        try await ledger.grant(100, to: "ann")
        let answers = try await withThrowingTaskGroup(of: CreateProject.Response.self) { group in
            for _ in 0..<50 {
                group.addTask { try await ledger.call(CreateProject(userId: "ann", credits: 30, idempotencyKey: "k")) }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(Set(answers.map(\.project.projectId)).count == 1)
        #expect(answers.filter { !$0.replayed }.count == 1)
        #expect(answers.allSatisfy { $0.balance == Balance(userId: "ann", available: 70, held: 30) })
        #expect(try await ledger.findings() == [])
        await ledger.close()
    }

    @Test("100 parallel failures refund once")
    func oneRefund() async throws {
        let ledger = try LedgerHarness()
        try await ledger.grant(100, to: "ann")
        let project = try await ledger.create(30, for: "ann")
        let answers = try await withThrowingTaskGroup(of: UpdateStatus.Response.self) { group in
            for _ in 0..<100 { group.addTask { try await ledger.report(project.projectId, .failed) } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(answers.filter(\.changed).count == 1)
        #expect(answers.allSatisfy { $0.creditsRefunded == 30 && $0.balance.available == 100 && $0.balance.held == 0 })
        let explained = try await ledger.call(ExplainProject(projectId: project.projectId))
        #expect(explained.entries.map(\.kind) == [.charge, .refund])
        #expect(explained.events.map(\.kind) == [.created, .failed])
        #expect(try await ledger.findings() == [])
        await ledger.close()
    }

    @Test("failed racing completed has one winner, and the other is told of it")
    func oneWinner() async throws {
        let ledger = try LedgerHarness()
        try await ledger.grant(1000, to: "ann")
        for _ in 0..<20 {
            let project = try await ledger.create(10, for: "ann")
            let refusals = await withTaskGroup(of: RPCError?.self) { group in
                for status in [Status.failed, .completed, .failed, .completed] {
                    group.addTask { await ledger.error(UpdateStatus(projectId: project.projectId, status: status)) }
                }
                return await group.reduce(into: [RPCError]()) { errors, error in if let error { errors.append(error) } }
            }
            #expect(refusals.map(\.kind) == [.terminalState, .terminalState])
            let explained = try await ledger.call(ExplainProject(projectId: project.projectId))
            let outcome: Entry.Kind = explained.project.status == .failed ? .refund : .capture
            #expect(explained.entries.map(\.kind) == [.charge, outcome])
            #expect(refusals.allSatisfy { $0.namedFields["status"] == .text(explained.project.status.rawValue) })
            #expect(explained.refusedReports == 2)
        }
        #expect(try await ledger.findings() == [])
        await ledger.close()
    }

    @Test(
        "each of many callers at once finds its own users as its own model has them", arguments: [1, 2, 3] as [UInt64])
    func models(seed: UInt64) async throws {
        let ledger = try LedgerHarness(ModelTests.limits)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for caller in 1...8 {
                group.addTask {
                    var generator = ModelGenerator(
                        seed: seed << 8 + UInt64(caller), isAlone: false, after: caller * 1000)
                    var player = ModelPlayer(ledger)
                    for _ in 0..<8 {
                        generator.beginSequence()
                        for _ in 0..<10 {
                            try await player.write(
                                (0..<generator.pick([1, 3])).map { _ in generator.write(player.model) })
                            try await player.read(generator.read(player.model))
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(try await ledger.findings() == [])
        await ledger.close()
    }

    @Test("a user is never overdrawn, however many creates race for the last credits")
    func lastCredits() async throws {
        let ledger = try LedgerHarness()
        try await ledger.grant(100, to: "ann")
        let refusals = await withTaskGroup(of: RPCError?.self) { group in
            for _ in 0..<60 { group.addTask { await ledger.error(CreateProject(userId: "ann", credits: 7)) } }
            return await group.reduce(into: [RPCError]()) { errors, error in if let error { errors.append(error) } }
        }
        #expect(refusals.count == 60 - 100 / 7)
        #expect(refusals.allSatisfy { $0.kind == .insufficientCredits && $0.namedFields["available"] == .integer(2) })
        #expect(try await ledger.call(GetBalance(userId: "ann")) == Balance(userId: "ann", available: 2, held: 98))
        #expect(try await ledger.findings() == [])
        await ledger.close()
    }

    @Test("a reader never sees a failure without its refund, nor a credit that is nowhere")
    func consistentReads() async throws {
        let ledger = try LedgerHarness()
        try await ledger.grant(10_000, to: "ann")
        let isOver = Flag()
        try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<2 {
                group.addTask {
                    var reads = 0
                    while !isOver.isSet || reads == 0 {
                        try await ledger.snapshot { store throws(RPCError) in try Snapshot(of: "ann", in: store) }
                            .check()
                        reads += 1
                    }
                    return reads
                }
            }
            group.addTask {
                defer { isOver.set() }
                try await Self.work(ledger)
                return 1
            }
            for try await reads in group { #expect(reads > 0) }
        }
        var list = ListProjects(userId: "ann")
        list.includeStats = true
        let stats = try #require(try await ledger.call(list).stats)
        #expect(stats.total == 200)
        #expect(stats.byStatus.failed == 100)
        #expect(stats.byStatus.completed == 100)
        #expect(try await ledger.call(GetBalance(userId: "ann")) == Balance(userId: "ann", available: 9000, held: 0))
        #expect(try await ledger.findings() == [])
        await ledger.close()
    }

    private static func work(_ ledger: LedgerHarness) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for worker in 0..<4 {
                group.addTask {
                    for turn in 0..<50 {
                        let project = try await ledger.create(10, for: "ann")
                        if turn % 3 == 0 { try await ledger.report(project.projectId, .processing) }
                        try await ledger.report(project.projectId, (worker + turn) % 2 == 0 ? .failed : .completed)
                    }
                }
            }
            try await group.waitForAll()
        }
    }
}

/// What one read sees of a user, all at one moment.
private struct Snapshot: Sendable {
    let balance: Balance
    let projects: [Project]
    let entries: [Entry]
    let totals: Totals

    init(of user: String, in store: ReadTransaction) throws(RPCError) {
        let filter = ProjectFilter(userId: user)
        projects = try store.projects(filter, after: nil, limit: 1000)
        balance = try store.balance(of: user)
        entries = try store.entries(ofUser: user, before: nil, limit: 10_000)
        totals = try store.totals(filter)
    }

    func check() {
        func sum(_ kind: Entry.Kind) -> Int64 { entries.filter { $0.kind == kind }.reduce(0) { $0 + $1.credits } }
        #expect(balance.available + balance.held + sum(.capture) == sum(.grant))
        #expect(balance.held == sum(.charge) - sum(.capture) - sum(.refund))
        func ids(_ kind: Entry.Kind) -> Set<ProjectID> {
            Set(entries.filter { $0.kind == kind }.compactMap(\.projectId))
        }
        func ids(_ status: Status) -> Set<ProjectID> { Set(projects.filter { $0.status == status }.map(\.projectId)) }
        #expect(ids(.charge) == Set(projects.map(\.projectId)))
        #expect(ids(.refund) == ids(.failed))
        #expect(ids(.capture) == ids(.completed))
        #expect(totals.statistics.total == Int64(projects.count))
        #expect(totals[.failed].credits == sum(.refund))
        #expect(totals[.completed].credits == sum(.capture))
    }
}

private final class Flag: Sendable {
    private let value = Atomic(false)
    var isSet: Bool { value.load(ordering: .acquiring) }
    func set() { value.store(true, ordering: .releasing) }
}
