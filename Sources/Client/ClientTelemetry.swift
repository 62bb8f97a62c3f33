internal import CoreMetrics
internal import LifecycleCore
internal import Logging

/// What a client tells of itself: metrics by swift-metrics, log lines by swift-log. Neither has anything of a request's
/// parameters or of a result in it.
///
/// Metrics: `lifecycle_client_calls` (labels `method` and `outcome`: `ok`, an error's kind or a `ClientError` code),
/// `lifecycle_client_call_duration` (label `method`), `lifecycle_client_connects`, `lifecycle_client_disconnects`.
struct ClientTelemetry: Sendable {
    private let logger: Logger
    private let connects = Counter(label: "lifecycle_client_connects")
    private let disconnects = Counter(label: "lifecycle_client_disconnects")

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
        let outcome = error.map { $0.kind?.name ?? $0.code.description } ?? "ok"
        Counter(label: "lifecycle_client_calls", dimensions: [("method", method), ("outcome", outcome)]).increment()
        CoreMetrics.Timer(label: "lifecycle_client_call_duration", dimensions: [("method", method)])
            .recordNanoseconds(duration.nanoseconds)
        guard let error else { return }
        logger.log(
            level: error.code == .refused ? .debug : .warning, "call failed",
            metadata: ["method": "\(method)", "outcome": "\(outcome)"])
    }

    /// A project whose body failed and which could not be reported; the daemon gives its credits back by itself.
    func leftToTimeout(_ project: ProjectID, _ error: ClientError) {
        logger.error(
            "could not report a failed project; its start timeout gives the credits back",
            metadata: ["project": "\(project)", "outcome": "\(error.kind?.name ?? error.code.description)"])
    }
}

extension Duration {
    fileprivate var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds.multipliedReportingOverflow(by: 1_000_000_000).partialValue &+ attoseconds / 1_000_000_000
    }
}
