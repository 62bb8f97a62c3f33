internal import LifecycleCore
internal import LifecycleRPC
internal import LifecycleSQLite
internal import Testing

@Suite("Closing and opening again", .ledgers)
struct ReopeningTests {
    @Test("keeps every row as it was")
    func keepsEverything() async throws {
        let fixture = try await LedgerFixture()
        let ledger = fixture.ledger
        let before = try await ledger.offline { try $0.dump() }
        #expect(before.count == 27, "2 accounts, 5 projects, 9 entries, 11 events")
        for _ in 0..<3 { try await ledger.reopen() }
        #expect(try await ledger.offline { try $0.dump() } == before)
        #expect(
            try await ledger.call(ListProjects(userId: "ann")).projects.map(\.projectId) == fixture.projects.reversed())
        await ledger.close()
    }

    @Test(
        "goes on with greater ids, keys and lines, though the clock went back or stands still",
        arguments: [0, 5, -86_400_000] as [Int64])
    func idsGrow(_ step: Int64) async throws {
        let ledger = try LedgerHarness()
        try await ledger.grant(100, to: "ann")
        var ids: [ProjectID] = []
        for _ in 0..<4 {
            for _ in 0..<5 { ids.append(try await ledger.create(1, for: "ann").projectId) }
            await ledger.close()
            ledger.now += step
            try await ledger.open()
        }
        let texts = ids.map(\.description)
        #expect(texts == texts.sorted())
        #expect(Set(texts).count == 20)
        // Newest first is the order of creation, also when the clock went back.
        #expect(try await ledger.call(ListProjects(userId: "ann")).projects.map(\.projectId) == ids.reversed())
        await ledger.close()
    }

    @Test("a newest id of the far future is gone on from")
    func farFuture() async throws {
        let ledger = try LedgerHarness(start: 8_000_000_000_000)
        try await ledger.grant(100, to: "ann")
        let future = try await ledger.create(1, for: "ann").projectId
        await ledger.close()
        ledger.now = 1_800_000_000_000
        try await ledger.open()
        var last = future
        // More than the counter of one millisecond holds.
        let results = await ledger.results(of: (0..<5000).map { _ in Call(CreateProject(userId: "ann", credits: 0)) })
        for result in results {
            let id = try CreateProject.Response.decoded(result.get()).project.projectId
            #expect(last.description < id.description)
            last = id
        }
        let project = try await ledger.call(GetStatus(projectId: last)).project
        #expect(project.createdAt.milliseconds == 1_800_000_000_000)
        await ledger.close()
    }

    @Test("a second store on the same file is refused while the first is open")
    func secondStore() async throws {
        let ledger = try LedgerHarness()
        try await ledger.grant(1, to: "ann")
        #expect { try LedgerHarness(in: ledger.folder) } throws: { ($0 as? StorageError)?.kind == .locked }
        #expect(try await ledger.call(GetBalance(userId: "ann")).available == 1)
        await ledger.close()
        try await ledger.open()
        #expect(try await ledger.call(GetBalance(userId: "ann")).available == 1)
        await ledger.close()
    }
}
