internal import Glibc
internal import LifecycleCore
internal import LifecycleSQLite
internal import LifecycleSystem
internal import Synchronization

/// One sweep of due projects without serving anybody, for a timer: it makes up for a daemon that crashed, or that nobody
/// has called since the machine started. Beside a running daemon it leaves that to its clocks.
package struct SweepRun: Sendable {
    private let configuration: DaemonConfiguration

    package init(_ configuration: DaemonConfiguration) { self.configuration = configuration }

    /// - Returns: what was done, one sentence.
    package func run() async throws(DaemonError) -> String {
        // Who is reached by it has clocks that run on. Doing it here each time would give each lease grace each time, as
        // after any time without a daemon.
        if let socket = configuration.socketPath, try answers(socket) {
            return "the lifecycled at \(socket) is alive, and its own clocks run"
        }
        let path = configuration.databasePath
        if access(path, F_OK) != 0, access(path + ".lock", F_OK) != 0, errno == ENOENT {
            return "there is no database \(path) yet, so nothing is due"
        }
        let clock = ContinuousClock()
        let end = clock.now + .seconds(30)
        while true {
            do throws(StorageError) {
                return try await sweep()
            } catch  where error.kind == .locked {
                guard let socket = configuration.socketPath else {
                    return "another lifecycled has the database, and its own clocks run"
                }
                // It may just be starting or stopping: then either it answers or the lock is free, soon.
                if try answers(socket) { return "the lifecycled at \(socket) is alive, and its own clocks run" }
                guard clock.now < end else { throw .storage(error) }
                try? await Task.sleep(for: .milliseconds(100))
            } catch {
                throw .storage(error)
            }
        }
    }

    /// As the daemon does at its start, and with all that goes before.
    private func sweep() async throws(StorageError) -> String {
        let registry = MetricsRegistry()
        let telemetry = Telemetry(registry, DaemonLog())
        let counted = Refunds()
        let environment = Store.Environment(
            clock: systemClock, limits: configuration.limits, metrics: registry, deliver: { $0() },
            onSweep: { outcome, caller in
                counted.add(outcome.steps)
                telemetry.log(outcome, by: caller)
            },
            onError: { telemetry.log($0) }, onClockJump: { telemetry.log($0) }, isBrief: true)
        let store = try Store(path: configuration.databasePath, environment)
        if let error = await store.close(), error.isFatal { throw error }
        let (projects, credits) = counted.total
        return "\(projects) projects were due, and are failed and refunded with \(credits) credits"
    }

    /// Whoever may not connect must not take that for nobody being there: see above.
    private func answers(_ socket: String) throws(DaemonError) -> Bool {
        guard let address = UnixSocketAddress(path: socket) else { return false }
        let descriptor: Int32
        do throws(SystemCallError) {
            descriptor = try address.connect(isBlocking: true)
        } catch {
            if [ENOENT, ECONNREFUSED].contains(error.code) { return false }
            throw .listen("cannot ask at \(socket): \(error)")
        }
        defer { close(descriptor) }
        var limit = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        let request = JSONWriter.request(ListProjects.name, params: Array(#"{"limit":1}"#.utf8), id: 1)
        guard send(descriptor, request, request.count, Int32(MSG_NOSIGNAL)) == request.count else {
            return false
        }
        var reply: UInt8 = 0
        return recv(descriptor, &reply, 1, 0) == 1
    }
}

/// What a sweep gave back. Any thread.
private final class Refunds: Sendable {
    private let sum = Mutex((projects: 0, credits: Int64(0)))

    var total: (projects: Int, credits: Int64) { sum.withLock(\.self) }

    func add(_ steps: [NewEvent]) {
        for step in steps where step.kind == .failed {
            sum.withLock { sum in
                sum.projects += 1
                sum.credits = sum.credits.addingReportingOverflow(step.credits).partialValue
            }
        }
    }
}
