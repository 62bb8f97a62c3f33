internal import CoreMetrics
internal import LifecycleCore
internal import LifecycleSystem
internal import Logging
internal import Synchronization

/// The metrics (swift-metrics) and log messages (swift-log) of a client. Neither contains parameters or results.
///
/// Metrics: `lifecycle_client_calls` (labels `method` and `outcome`: `ok`, an error's kind or a `ClientError` code),
/// `lifecycle_client_call_duration` (the same), `lifecycle_client_connects`, `lifecycle_client_disconnects`.
final class ClientTelemetry: Sendable {
    private let logger: Logger
    private let connects = Counter(label: "lifecycle_client_connects")
    private let disconnects = Counter(label: "lifecycle_client_disconnects")
    private let calls = Mutex(CallMetrics())

    init(_ logger: Logger) { self.logger = logger }

    func connected() {
        connects.increment()
        logger.debug("connected to the daemon")
    }

    func cannotConnect(_ failure: ConnectFailure) {
        logger.warning("cannot connect to the daemon", metadata: ["reason": "\(failure.reason)"])
    }

    func disconnected(_ reason: String) {
        disconnects.increment()
        logger.info("the connection to the daemon ended", metadata: ["reason": "\(reason)"])
    }

    func called(_ method: String, _ error: ClientError?, took duration: Duration) {
        let outcome = error?.word ?? "ok"
        let metrics = calls.withLock { $0.metrics(of: method, outcome) }
        metrics.count.increment()
        metrics.duration.recordNanoseconds(duration.inNanoseconds)
        guard let error else { return }
        logger.log(
            level: error.code == .refused ? .debug : .warning, "call failed",
            metadata: ["method": "\(method)", "outcome": "\(outcome)"])
    }

    /// The body failed for a project that another process, or an earlier call, may have created.
    func leftToMaker(_ project: ProjectID) {
        logger.notice(
            "a replayed project is not reported failed; its start timeout refunds it if nobody starts it",
            metadata: ["project": "\(project)"])
    }

    /// The connection ended while leases were attached to it.
    func lost(leases count: Int) {
        logger.notice("attaching leases again, because their connection ended", metadata: ["leases": "\(count)"])
    }

    /// The status of a project with an attached lease could not be read. The client tries again.
    func cannotAsk(_ error: ClientError) {
        logger.warning("cannot check an attached lease", metadata: ["outcome": "\(error.word)"])
    }

    /// Projects with an attached lease have ended, and no caller of this client was told.
    func ended(leases count: Int) {
        logger.notice("projects with an attached lease have ended", metadata: ["leases": "\(count)"])
    }

    /// The client closes its connection, which ends the attached leases.
    func closed(holding count: Int) {
        logger.warning(
            "the client was closed with attached leases; their projects fail unless somebody reports in time",
            metadata: ["leases": "\(count)"])
    }

    /// The body of a project failed, and that could not be reported. The daemon refunds the project after its timeout.
    func leftToTimeout(_ project: ProjectID, _ error: ClientError) {
        logger.error(
            "could not report a failed project; its start timeout refunds it",
            metadata: ["project": "\(project)", "outcome": "\(error.word)"])
    }
}

extension ClientError {
    /// A word from a fixed set. An unknown kind is not used, because its name is text from the peer.
    fileprivate var word: String { kind.flatMap { ErrorKind.all.contains($0) ? $0.name : nil } ?? code.description }
}

/// Metrics of calls. Each is made once and kept, because making one costs more than counting.
private struct CallMetrics {
    struct Metrics {
        let count: Counter
        let duration: CoreMetrics.Timer
    }

    private var made: [String: [String: Metrics]] = [:]

    mutating func metrics(of method: String, _ outcome: String) -> Metrics {
        if let known = made[method]?[outcome] { return known }
        let dimensions = [("method", method), ("outcome", outcome)]
        let new = Metrics(
            count: Counter(label: "lifecycle_client_calls", dimensions: dimensions),
            duration: CoreMetrics.Timer(label: "lifecycle_client_call_duration", dimensions: dimensions))
        made[method, default: [:]][outcome] = new
        return new
    }
}
