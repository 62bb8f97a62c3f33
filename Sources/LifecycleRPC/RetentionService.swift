package import LifecycleCore
internal import ServiceLifecycle
internal import Synchronization

/// Removes the history of projects that ended long ago: at the start and once a day, a few hundred projects at a time
/// between the callers' own writes, unless the clock seems to be wrong.
package struct RetentionService: Service {
    private static let interval = Duration.seconds(86_400)

    private let writes: WriteQueue
    private let keepDays: Int64
    private let log: DaemonLog
    private let retryPause: Duration

    /// - Parameter retryPause: after what was refused, by a full queue or a full disk.
    package init(writes: WriteQueue, keepDays: Int64, log: DaemonLog, retryPause: Duration = .seconds(600)) {
        self.writes = writes
        self.keepDays = keepDays
        self.log = log
        self.retryPause = retryPause
    }

    package func run() async throws {
        guard keepDays > 0 else { return try await gracefulShutdown() }
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                try? await Task.sleep(for: await pass() ? Self.interval : retryPause)
            }
        }
    }

    /// - Returns: whether it came to its end.
    private func pass() async -> Bool {
        do throws(RPCError) {
            let step = try await Self.pass(writes, keepDays: keepDays)
            if step.trimmed > 0 {
                log.write(.historyRemoved, [.projects: "\(step.trimmed)", .keepDays: "\(keepDays)"])
            }
            if let newest = step.silentSince {
                let reason = "the clock is far beyond the newest event that is a day old, of \(newest)"
                log.write(.historyKept, [.reason: reason])
            }
            return true
        } catch {
            // Of a full queue, a full disk or a stop: the next pass goes on.
            log.write(.historyKept, [.errorCode: error.kind.name, .reason: error.message])
            return false
        }
    }

    /// Goes through all projects once.
    /// - Returns: how many were trimmed, and what kept it from that.
    package static func pass(_ writes: WriteQueue, keepDays: Int64) async throws(RPCError) -> Retention.Step {
        var sum = Retention.Step(trimmed: 0, next: 0)
        while let row = sum.next, !Task.isCancelled {
            let step = try await step(writes, keepDays: keepDays, after: row)
            sum = Retention.Step(
                trimmed: sum.trimmed + step.trimmed, next: step.next, silentSince: step.silentSince)
        }
        return sum
    }

    private static func step(
        _ writes: WriteQueue, keepDays: Int64, after row: Int64
    ) async throws(RPCError) -> Retention.Step {
        let step = LastStep()
        let outcome = await withCheckedContinuation { done in
            writes.submit([
                WriteJob(
                    worksOnFullDisk: false, caller: .daemon,
                    run: { store, context throws(RPCError) in
                        step.set(try Retention.run(in: store, context, keepDays: keepDays, after: row))
                        return { $0.null() }
                    },
                    completion: { done.resume(returning: $0) })
            ])
        }
        if case .failure(let error) = outcome.result { throw error }
        return step.value
    }
}

/// What a job did on the writer thread; it may have been rolled back and run again.
private final class LastStep: Sendable {
    private let step = Mutex(Retention.Step(trimmed: 0, next: nil))

    var value: Retention.Step { step.withLock(\.self) }
    func set(_ value: Retention.Step) { step.withLock { $0 = value } }
}
