internal import CoreMetrics
internal import LifecycleCore
internal import LifecycleSystem
internal import Logging
internal import Synchronization

/// What a client tells of itself: metrics by swift-metrics, log lines by swift-log. Neither has anything of a request's
/// parameters or of a result in it.
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

    /// A project whose body failed here and which was made elsewhere, or in an earlier call.
    func leftToMaker(_ project: ProjectID) {
        logger.notice(
            "a replayed project is not reported failed; its start timeout gives the credits back if nobody starts it",
            metadata: ["project": "\(project)"])
    }

    /// The connection ended to which leases were tied.
    func lost(leases count: Int) {
        logger.notice("attaching leases again, as their connection ended", metadata: ["leases": "\(count)"])
    }

    /// A question about an attached lease had no good answer; it is asked again.
    func cannotAsk(_ error: ClientError) {
        logger.warning("cannot ask about an attached lease", metadata: ["outcome": "\(error.word)"])
    }

    /// Projects whose leases are attached have ended, and nobody here has been told.
    func ended(leases count: Int) {
        logger.notice("projects with an attached lease have ended", metadata: ["leases": "\(count)"])
    }

    /// The client ends, and its connection with it.
    func closed(holding count: Int) {
        logger.warning(
            "the client was closed with attached leases; their projects fail unless somebody reports in time",
            metadata: ["leases": "\(count)"])
    }

    /// A project whose body failed and which could not be reported; the daemon gives its credits back by itself.
    func leftToTimeout(_ project: ProjectID, _ error: ClientError) {
        logger.error(
            "could not report a failed project; its start timeout gives the credits back",
            metadata: ["project": "\(project)", "outcome": "\(error.word)"])
    }
}

extension ClientError {
    /// One of a fixed set of words. The name of a kind that this version does not know is the peer's text.
    fileprivate var word: String { kind.flatMap { ErrorKind.all.contains($0) ? $0.name : nil } ?? code.description }
}

/// The metrics of calls, made when first needed: making one costs more than counting.
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
