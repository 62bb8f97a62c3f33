import Dispatch
import LifecycleCore
import Logging
import Testing

@testable import LifecycleRPC

@Suite("The service that removes old history", .ledgers, .timeLimit(.minutes(60)))
struct RetentionServiceTests {
    @Test("tries again soon what a full queue refused, and not the next day")
    func busy() async throws {
        let output = try LogSystemTests.Output(isNonBlocking: false)
        let log = try LogSystem(
            output: .standardError, descriptor: output.writeEnd, isColoured: false, capacity: 100)
        defer { log.close() }
        var limits = Limits()
        limits.maximumQueuedWrites = 1
        let ledger = try LedgerHarness(limits)
        try await ledger.grant(10, to: "ann")
        let project = try await ledger.create(10, for: "ann").projectId
        try await ledger.report(project, .failed)
        try await ledger.grant(1, to: "ann")
        ledger.advance(seconds: 2 * RetentionTests.day)

        let writes = try ledger.store.writes
        let gate = writes.occupy()
        let logger = Logger(label: "test") { _ in log.handler(level: .info) }
        let service = RetentionService(
            writes: writes, keepDays: 1, log: DaemonLog(logger), retryPause: .milliseconds(1))
        let run = Task { try await service.run() }
        #expect(try output.nextLine().contains("history not removed"))
        gate.signal()
        while try await ledger.call(ExplainProject(projectId: project)).trimmedAt == nil { await Task.yield() }
        run.cancel()
        try await run.value
        await ledger.close()
    }

    @Test("says why it waits, in the log and to who shows it")
    func waits() async throws {
        let output = try LogSystemTests.Output(isNonBlocking: false)
        let log = try LogSystem(
            output: .standardError, descriptor: output.writeEnd, isColoured: false, capacity: 100)
        defer { log.close() }
        let ledger = try LedgerHarness()
        ledger.advance(seconds: 7200)
        let (waits, continuation) = AsyncStream.makeStream(of: RetentionService.Wait.self)
        let logger = Logger(label: "test") { _ in log.handler(level: .info) }
        let service = RetentionService(
            writes: try ledger.store.writes, keepDays: 1, log: DaemonLog(logger),
            onWait: { continuation.yield($0) })
        let run = Task { try await service.run() }
        var iterator = waits.makeAsyncIterator()
        #expect(await iterator.next() == .forClock(22 * 3600 + 1))
        let line = try output.nextLine()
        #expect(
            line.contains("history not removed") && line.contains("right for one day, another 79201 seconds"), "\(line)"
        )
        run.cancel()
        try await run.value
        ledger.advance(seconds: 22 * 3600)
        let again = Task { try await service.run() }
        #expect(await iterator.next() == .nothing)
        again.cancel()
        try await again.value
        await ledger.close()
    }
}
