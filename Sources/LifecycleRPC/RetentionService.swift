package import LifecycleCore
internal import ServiceLifecycle
internal import Synchronization

/// Removes the history of projects that ended long ago: at the start and once a day, a few hundred projects at a time
/// between the callers' own writes, unless the clock seems to be wrong.
package struct RetentionService: Service {
    private static let interval = Duration.seconds(86_400)
    /// How often the clock is looked at meanwhile: a power cut forgets so much of what is known of it.
    private static let lookPause = Duration.seconds(3600)

    private let writes: WriterThread
    private let keepDays: Int64
    private let log: DaemonLog
    private let retryPause: Duration
    private let onWait: @Sendable (Wait) -> Void

    /// Why old history is kept.
    package enum Wait: Sendable, Equatable {
        case nothing
        /// Seconds until the clock has been right for a day.
        case forClock(Int64)
        /// The clock is far beyond the newest event that is a day old.
        case silence
    }

    /// - Parameters:
    ///   - retryPause: after what was refused, by a full queue or a full disk.
    ///   - onWait: told after each pass.
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
                    let pause = min(left, Self.lookPause)
                    try? await Task.sleep(for: pause)
                    left -= pause
                    if left > .zero { try? await lookAtClock() }
                }
            }
        }
    }

    /// - Returns: when the next one is.
    private func pass() async -> Duration {
        do throws(RPCError) {
            let step = try await Self.pass(writes, keepDays: keepDays)
            if step.trimmed > 0 {
                log.write(.historyRemoved, [.projects: "\(step.trimmed)", .keepDays: "\(keepDays)"])
            }
            if let newest = step.silentSince {
                let reason = "the clock is far beyond the newest event that is a day old, of \(newest)"
                log.write(.historyKept, [.reason: reason])
                onWait(.silence)
            } else if let agreement = step.waitsFor {
                let seconds = agreement.left / 1000 + 1
                let reason =
                    "the clock must first be seen to be right for a day, \(seconds) seconds more: until then it may have "
                    + "been set wrong"
                log.write(.historyKept, [.reason: reason])
                onWait(.forClock(seconds))
                return .seconds(seconds)
            } else {
                onWait(.nothing)
            }
            return Self.interval
        } catch {
            // Of a full queue, a full disk or a stop: the next pass goes on.
            log.write(.historyKept, [.errorCode: error.kind.name, .reason: error.message])
            return retryPause
        }
    }

    private func lookAtClock() async throws(RPCError) {
        try await Self.run(writes) { store, context throws(RPCError) in
            _ = try store.clockAgreement(at: context.now)
        }
    }

    /// Goes through all projects once.
    /// - Returns: how many were trimmed, and what kept it from that.
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
        try await run(writes) { store, context throws(RPCError) in
            step.set(try Retention.run(in: store, context, keepDays: keepDays, after: row))
        }
        return step.value
    }

    private static func run(
        _ writes: WriterThread,
        _ body: @escaping @Sendable (any WriteTransaction, CallContext) throws(RPCError) -> Void
    ) async throws(RPCError) {
        let outcome = await withCheckedContinuation { done in
            writes.submit([
                WriteJob(
                    worksOnFullDisk: false, caller: .daemon,
                    run: { store, context throws(RPCError) in
                        try body(store, context)
                        return { $0.null() }
                    },
                    completion: { done.resume(returning: $0) })
            ])
        }
        if case .failure(let error) = outcome.result { throw error }
    }
}

/// What a job did on the writer thread; it may have been rolled back and run again.
private final class LastStep: Sendable {
    private let step = Mutex(Retention.Step(trimmed: 0, next: nil))

    var value: Retention.Step { step.withLock(\.self) }
    func set(_ value: Retention.Step) { step.withLock { $0 = value } }
}
