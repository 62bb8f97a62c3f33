package import LifecycleCore
internal import ServiceLifecycle
internal import Synchronization

/// Removes the history of projects that ended long ago, at the start and once a day. It takes a few hundred projects at
/// a time, between the writes of callers. It waits if the clock may be wrong.
package struct RetentionService: Service {
    private static let interval = Duration.seconds(86_400)
    /// How often the clocks are compared between the passes. A power cut loses at most this time of the agreement.
    private static let checkInterval = Duration.seconds(3600)

    private let writes: WriterThread
    private let keepDays: Int64
    private let log: DaemonLog
    private let retryPause: Duration
    private let onWait: @Sendable (Wait) -> Void

    /// Why retention waits.
    package enum Wait: Sendable, Equatable {
        case nothing
        /// The number of seconds until the clocks have agreed for one day.
        case forClock(Int64)
        /// The clock is far ahead of the newest event that is at least one day old.
        case silence
    }

    /// - Parameters:
    ///   - retryPause: the time until the next try after an error, for example a full disk.
    ///   - onWait: called after each pass.
    package init(
        writes: WriterThread, keepDays: Int64, log: DaemonLog, retryPause: Duration = .seconds(600),
        onWait: @escaping @Sendable (Wait) -> Void = { _ in }
    ) {
        self.writes = writes
        self.keepDays = keepDays
        self.log = log
        self.retryPause = retryPause
        self.onWait = onWait
    }

    package func run() async throws {
        guard keepDays > 0 else { return try await gracefulShutdown() }
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                var left = await pass()
                while left > .zero, !Task.isCancelled {
                    let pause = min(left, Self.checkInterval)
                    try? await Task.sleep(for: pause)
                    left -= pause
                    if left > .zero { try? await compareClocks() }
                }
            }
        }
    }

    /// - Returns: the time until the next pass.
    private func pass() async -> Duration {
        do throws(RPCError) {
            let step = try await Self.pass(writes, keepDays: keepDays)
            if step.trimmed > 0 {
                log.write(.historyRemoved, [.projects: "\(step.trimmed)", .keepDays: "\(keepDays)"])
            }
            if let newest = step.silentSince {
                let reason = "the clock is far ahead of the newest event that is at least one day old, at \(newest)"
                log.write(.historyKept, [.reason: reason])
                onWait(.silence)
            } else if let agreement = step.waitsFor {
                let seconds = agreement.left / 1000 + 1
                let reason =
                    "the clock may be wrong: retention waits until it was right for one day, another \(seconds) seconds"
                log.write(.historyKept, [.reason: reason])
                onWait(.forClock(seconds))
                return .seconds(seconds)
            } else {
                onWait(.nothing)
            }
            return Self.interval
        } catch {
            // The queue or the disk is full, or the daemon stops. The next pass continues.
            log.write(.historyKept, [.errorCode: error.kind.name, .reason: error.message])
            return retryPause
        }
    }

    private func compareClocks() async throws(RPCError) {
        try await Self.run(writes) { transaction, context throws(RPCError) in
            _ = try transaction.clockAgreement(at: context.now)
        }
    }

    /// Visits all projects once.
    /// - Returns: how many projects were trimmed, and the reason if retention waits.
    package static func pass(_ writes: WriterThread, keepDays: Int64) async throws(RPCError) -> Retention.Step {
        var sum = Retention.Step(trimmed: 0, next: 0)
        while let row = sum.next, !Task.isCancelled {
            let step = try await step(writes, keepDays: keepDays, after: row)
            let trimmed = sum.trimmed + step.trimmed
            sum = step
            sum.trimmed = trimmed
        }
        return sum
    }

    private static func step(
        _ writes: WriterThread, keepDays: Int64, after row: Int64
    ) async throws(RPCError) -> Retention.Step {
        let step = LastStep()
        try await run(writes) { transaction, context throws(RPCError) in
            step.set(try Retention.run(in: transaction, context, keepDays: keepDays, after: row))
        }
        return step.value
    }

    private static func run(
        _ writes: WriterThread,
        _ body: @escaping @Sendable (WriteTransaction, CallContext) throws(RPCError) -> Void
    ) async throws(RPCError) {
        let outcome = await withCheckedContinuation { done in
            writes.submit([
                WriteJob(
                    worksOnFullDisk: false, caller: .daemon,
                    run: { transaction, context throws(RPCError) in
                        try body(transaction, context)
                        return { $0.null() }
                    },
                    completion: { done.resume(returning: $0) })
            ])
        }
        if case .failure(let error) = outcome.result { throw error }
    }
}

/// The result of a job on the writer thread. The last one counts, because a job may be rolled back and run again.
private final class LastStep: Sendable {
    private let step = Mutex(Retention.Step(trimmed: 0, next: nil))

    var value: Retention.Step { step.withLock(\.self) }
    func set(_ value: Retention.Step) { step.withLock { $0 = value } }
}
