internal import Glibc
internal import LifecycleCore
internal import LifecycleSystem
internal import Synchronization

/// Expires all due projects once, without serving callers. A timer runs it, in case the daemon has crashed or was not
/// started since the boot. If a daemon is running, it does nothing, because the daemon does it.
package struct SweepRun: Sendable {
    private let configuration: DaemonConfiguration

    package init(_ configuration: DaemonConfiguration) { self.configuration = configuration }

    /// - Returns: what was done, as one sentence without a full stop.
    package func run() async throws(DaemonError) -> String {
        // A request starts the daemon by its socket if necessary. A sweep by this process would give every lease its
        // grace each time, as after any time without a daemon.
        if let socket = configuration.socketPath, try answers(socket) {
            return "lifecycled is running at \(socket), and expires due projects itself"
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
                    return "another lifecycled has the database, and expires due projects itself"
                }
                // The daemon may be starting or stopping. Then it soon answers, or the lock is soon free.
                if try answers(socket) {
                    return "lifecycled is running at \(socket), and expires due projects itself"
                }
                guard clock.now < end else { throw .storage(error) }
                try? await Task.sleep(for: .milliseconds(100))
            } catch {
                throw .storage(error)
            }
        }
    }

    /// Opens the database as the daemon does at its start, which expires all due projects.
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
        return "\(projects) projects were due; they have failed, and \(credits) credits were refunded"
    }

    /// Whether a daemon answers at the socket.
    /// - Throws: if it is not known, for example because this process may not connect.
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

/// Counts the refunds of a sweep. Any thread may call it.
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
