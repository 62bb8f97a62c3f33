internal import Foundation
internal import LifecycleCore
internal import LifecycleRPC
internal import LifecycleSQLite
internal import Synchronization
internal import TestSupport
internal import Testing

@Suite("Requests that are committed together", .ledgers)
struct BatchTests {
    @Test("one that fails never touches its neighbours")
    func neighbours() async throws {
        let ledger = try LedgerHarness()
        var project = CreateProject(userId: "ann", credits: 60)
        project.externalId = "x"
        let results = await ledger.results(of: [
            Call(CreateProject(userId: "ann", credits: 1)),  // nothing there yet
            Call(GrantCredits(userId: "ann", credits: 100, reason: "r")),
            Call(project),
            Call(CreateProject(userId: "ann", credits: 60)),  // too much
            Call("createProject", #"{"userId":"ann"}"#),  // no price
            Call(project),  // the externalId is taken
            Call(UpdateStatus(externalId: "x", status: .completed)),
            Call(UpdateStatus(externalId: "x", status: .failed)),  // too late, but kept in the history
            Call(CreateProject(userId: "ann", credits: 40)),
        ])
        let kinds = results.map { result -> ErrorKind? in
            if case .failure(let error) = result { error.kind } else { nil }
        }
        #expect(
            kinds == [
                .insufficientCredits, nil, nil, .insufficientCredits, .invalidParams, .idempotencyConflict, nil,
                .terminalState,
                nil,
            ])
        #expect(try await ledger.call(GetBalance(userId: "ann")) == Balance(userId: "ann", available: 0, held: 40))
        let id = try await ledger.call(GetStatus(externalId: "x")).project.projectId
        #expect(
            try await ledger.call(ExplainProject(projectId: id)).events.map(\.kind)
                == [.created, .processing, .completed, .reportRefused])
        #expect(try await ledger.findings() == [])
        await ledger.close()
    }

    @Test("a change that the schema refuses is that request's own trouble: all that it did is undone")
    func schemaRefuses() async throws {
        let ledger = try LedgerHarness()
        try await ledger.grant(10, to: "ann")
        let project = try await ledger.create(1, for: "ann").projectId
        try await ledger.report(project, .completed)
        // A rule that does not look at the status.
        let careless: BoundCall.Write = { store, context throws(RPCError) in
            _ = try store.openAccount(of: "eve")
            let stored = try store.existingProject(.projectID(project))
            try store.finish(stored, .failed(code: "crashed", message: "x"), at: context.now)
            return { $0.null() }
        }
        async let before = ledger.error(CreateProject(userId: "ann", credits: 3))
        async let refused = ledger.run(careless)
        async let after = ledger.error(CreateProject(userId: "ann", credits: 4))
        let (first, outcome, last) = await (before, refused, after)
        #expect(first?.message == nil)
        #expect(last?.message == nil)
        #expect(throws: RPCError.self) { try outcome.result.get() }
        #expect(outcome.steps.isEmpty)
        #expect(try await ledger.call(GetBalance(userId: "ann")) == Balance(userId: "ann", available: 2, held: 7))
        // An account, three projects; a grant, three charges and a capture.
        #expect(try await ledger.call(Audit()).checked == 9)
        #expect(try await ledger.findings() == [])
        #expect(ledger.fatalErrors.isEmpty)
        await ledger.close()
    }

    @Test("writes that come while others run share their commit")
    func lateJoiners() async throws {
        let ledger = try LedgerHarness()
        let writes = try ledger.store.writes
        let gate = DispatchSemaphore(value: 0)
        async let first = ledger.run { store, context throws(RPCError) in
            gate.wait()
            _ = try GrantCredits(userId: "ann", credits: 1, reason: "r").run(in: store, context)
            return { $0.null() }
        }
        async let later = ledger.results(
            of: (0..<5).map { _ in Call(GrantCredits(userId: "ann", credits: 1, reason: "r")) })
        while writes.count < 6 { await Task.yield() }
        gate.signal()
        _ = try await (first.result.get(), later.map { try $0.get() })
        #expect(ledger.committedTimes == 1)
        #expect(try await ledger.call(GetBalance(userId: "ann")).available == 6)
        await ledger.close()
    }

    @Test("when storage fails under one commit, the writes that wait for the next are answered, too")
    func failStop() async throws {
        let ledger = try LedgerHarness()
        try ledger.folder.remove(ledger.folder.database)
        let results = await ledger.results(
            of: (0..<400).map { _ in Call(GrantCredits(userId: "ann", credits: 1, reason: "r")) })
        let kinds = results.map { result -> ErrorKind? in
            if case .failure(let error) = result { error.kind } else { nil }
        }
        #expect(kinds.first == .outcomeUnknown && kinds.last == .storageUnavailable)
        #expect(kinds.allSatisfy { $0 == .outcomeUnknown || $0 == .storageUnavailable })
        #expect(ledger.fatalErrors.count == 1)
        await ledger.close()
    }

    @Test("beyond the queue's limit writes are refused as busy, and nothing of them is done")
    func busy() async throws {
        var limits = Limits()
        limits.maximumQueuedWrites = 10
        let ledger = try LedgerHarness(limits)
        let results = await ledger.results(
            of: (0..<15).map { _ in Call(GrantCredits(userId: "ann", credits: 1, reason: "r")) })
        let refused = results.compactMap { result -> RPCError? in
            if case .failure(let error) = result { error } else { nil }
        }
        #expect(refused.count == 5)
        #expect(refused.allSatisfy { $0.kind == .busy && $0.kind.retryable })
        #expect(try await ledger.call(GetBalance(userId: "ann")).available == 10)
        await ledger.close()
    }

    @Test("the daemon's own writes, which no limit refuses, may fill the queue beyond it: callers' are refused as busy")
    func ownBeyondTheLimit() async throws {
        var limits = Limits()
        limits.maximumQueuedWrites = 10
        let ledger = try LedgerHarness(limits)
        let writes = try ledger.store.writes
        let gate = writes.occupy()
        for _ in 0..<15 {
            writes.submitOwn(
                WriteJob(worksOnFullDisk: true, caller: .tester, run: { _, _ in { $0.null() } }, completion: { _ in }))
        }
        let grants = (0..<3).map { _ in Call(GrantCredits(userId: "ann", credits: 1, reason: "r")) }
        for result in await ledger.results(of: grants) {
            #expect { try result.get() } throws: { ($0 as? RPCError)?.kind == .busy }
        }
        #expect(writes.count == 16)
        gate.signal()
        try await ledger.untilIdle()
        #expect(writes.count == 0)
        try await ledger.grant(1, to: "ann")
        #expect(try await ledger.call(GetBalance(userId: "ann")).available == 1)
        await ledger.close()
    }

    @Test(
        "on a full disk, too, a connection's next write waits behind the one that waits for what is due",
        .enabled(if: SmallDisk.isAvailable))
    func orderOnAFullDisk() async throws {
        let disk = try SmallDisk(.memory, megabytes: 64)
        let ledger = try LedgerHarness(ClockFixture.limits, in: ScratchFolder(on: disk))
        // More than are settled in one transaction.
        let creates = (0..<600).map { _ in Call(CreateProject(userId: "many", credits: 0)) }
        for result in await ledger.results(of: creates) { _ = try result.get() }
        try await ledger.untilIdle()
        ledger.advance(seconds: 60)
        try disk.fill()
        let done = Mutex<[String]>([])
        let connection = NSObject()
        await withCheckedContinuation { end in
            func job(_ user: String, _ completion: @escaping @Sendable () -> Void = {}) -> WriteJob {
                WriteJob(
                    worksOnFullDisk: true, caller: .tester, source: ObjectIdentifier(connection),
                    run: { store, _ throws(RPCError) in
                        _ = try store.account(of: user)
                        return { $0.null() }
                    },
                    completion: { _ in
                        done.withLock { $0.append(user) }
                        completion()
                    })
            }
            let both = Mutex(2)
            let count: @Sendable () -> Void = {
                let left = both.withLock { both in
                    both -= 1
                    return both
                }
                if left == 0 { end.resume() }
            }
            try? ledger.store.writes.submit([job("many", count), job("nobody", count)])
        }
        #expect(done.withLock(\.self) == ["many", "nobody"])
        #expect(await ledger.error(CreateProject(userId: "nobody", credits: 0))?.kind == .storageFull)
        await ledger.close()
    }

    @Test("after the close writes are refused as busy")
    func closed() async throws {
        let ledger = try LedgerHarness()
        let store = try ledger.store
        await ledger.close()
        let outcome = await LedgerHarness.run({ _, _ in { $0.null() } }, in: store)
        #expect { try outcome.result.get() } throws: { ($0 as? RPCError)?.kind == .busy }
    }
}

extension WriterThread {
    /// Keeps the writer busy until the gate is signalled.
    func occupy() -> DispatchSemaphore {
        let gate = DispatchSemaphore(value: 0)
        submitOwn(
            WriteJob(
                worksOnFullDisk: true, caller: .tester,
                run: { _, _ in
                    gate.wait()
                    return { $0.null() }
                }, completion: { _ in }))
        return gate
    }
}

extension LedgerHarness {
    /// Runs a rule that is no method's.
    func run(_ rule: @escaping BoundCall.Write) async -> WriteOutcome {
        guard let store = try? store else { return WriteOutcome(.failure(.stopping)) }
        return await Self.run(rule, in: store)
    }

    static func run(_ rule: @escaping BoundCall.Write, in store: Store) async -> WriteOutcome {
        await withCheckedContinuation { done in
            store.writes.submit([
                WriteJob(worksOnFullDisk: false, caller: .tester, run: rule) { done.resume(returning: $0) }
            ])
        }
    }
}
