internal import CoreMetrics
internal import LifecycleCore
package import Logging

/// What the daemon tells about its work: metrics, and one log line a step of a project's life. Any thread.
package struct Telemetry: Sendable {
    let connections: Gauge
    let queuedWrites: Gauge
    let refusedConnections: Counter
    let watchers: Gauge
    private let methods: [String: MethodMetrics]
    private let errors: [Int64: Counter]
    private let commits: Counter
    private let committedWrites: Counter
    private let commitTime: CoreMetrics.Timer
    private let logger: Logger

    private struct MethodMetrics: Sendable {
        let succeeded: Counter
        let failed: Counter
        let time: CoreMetrics.Timer
    }

    package init(_ registry: MetricsRegistry, _ logger: Logger) {
        self.logger = logger
        queuedWrites = Gauge(label: "lifecycle_queued_writes", factory: registry)
        connections = Gauge(label: "lifecycle_connections", factory: registry)
        refusedConnections = Counter(label: "lifecycle_connections_refused_total", factory: registry)
        watchers = Gauge(label: "lifecycle_watchers", factory: registry)
        commits = Counter(label: "lifecycle_commits_total", factory: registry)
        committedWrites = Counter(label: "lifecycle_committed_writes_total", factory: registry)
        commitTime = Timer(label: "lifecycle_commit_seconds", dimensions: [], factory: registry)
        methods = Dictionary(
            uniqueKeysWithValues: MethodTable.standard.entries.map { entry in
                func counter(_ outcome: String) -> Counter {
                    Counter(
                        label: "lifecycle_requests_total",
                        dimensions: [("method", entry.name), ("outcome", outcome)], factory: registry)
                }
                return (
                    entry.name,
                    MethodMetrics(
                        succeeded: counter("ok"), failed: counter("error"),
                        time: Timer(
                            label: "lifecycle_request_seconds", dimensions: [("method", entry.name)], factory: registry)
                    )
                )
            })
        errors = Dictionary(
            uniqueKeysWithValues: ErrorKind.all.map { kind in
                (
                    kind.code,
                    Counter(label: "lifecycle_errors_total", dimensions: [("kind", kind.name)], factory: registry)
                )
            })
    }

    func count(_ call: Dispatcher.Call, _ outcome: Result<Reply, RPCError>) {
        let metrics = call.method.flatMap { methods[$0] }
        metrics?.time.recordNanoseconds(call.age.inNanoseconds)
        switch outcome {
        case .success:
            metrics?.succeeded.increment()
        case .failure(let error):
            metrics?.failed.increment()
            errors[error.kind.code]?.increment()
        }
    }

    func count(batchOf jobs: Int, took time: Duration) {
        commits.increment()
        committedWrites.increment(by: Int64(jobs))
        commitTime.recordNanoseconds(time.inNanoseconds)
    }

    /// What callers are not told: the cause behind `storageUnavailable`, `storageFull` and `internalError`.
    func log(_ error: StorageError) {
        logger.error("storage refused a request", metadata: [LogKey.error: "\(error)"])
    }

    /// It goes on there when it connects again.
    func log(stalledWatcher caller: Caller, lastSent seq: Int64) {
        logger.notice(
            "watcher closed: it does not read", metadata: [LogKey.seq: "\(seq)", LogKey.caller: "\(caller)"])
    }

    /// After the COMMIT: what was done is on disk when the log says so.
    func log(_ outcome: WriteOutcome, by caller: Caller) {
        for step in outcome.steps { log(step, by: caller) }
        if case .failure(let error) = outcome.result, !error.keepsWrites { log(error, by: caller) }
    }

    private func log(_ error: RPCError, by caller: Caller) {
        let isUnknown = error.kind == .outcomeUnknown
        var metadata: Logger.Metadata = [
            LogKey.error: "\(error.kind.name)", LogKey.detail: "\(error.message)", LogKey.caller: "\(caller)",
        ]
        if let project = error.subject?.project { metadata[LogKey.project] = "\(project.id)" }
        if let user = error.subject?.userId { metadata[LogKey.user] = "\(user)" }
        if let credits = error.subject?.credits { metadata[LogKey.credits] = "\(credits)" }
        logger.log(
            level: isUnknown ? .error : .info, isUnknown ? "outcome unknown" : "rolled back", metadata: metadata)
    }

    private func log(_ step: NewEvent, by caller: Caller) {
        guard logger.logLevel <= .info else { return }
        var metadata = Logger.Metadata(minimumCapacity: 8)  // Growing would hash them all again.
        metadata[LogKey.user] = .string(step.userId)
        metadata[LogKey.credits] = .string(step.credits.description)
        metadata[LogKey.caller] = .string(caller.description)
        if let project = step.project { metadata[LogKey.project] = "\(project.id)" }
        if let detail = step.detail { metadata[LogKey.detail] = "\(detail)" }
        if let code = step.errorCode { metadata[LogKey.error] = "\(code)" }
        switch step.kind {
        case .created: logger.info("project created", metadata: metadata)
        case .processing, .completed:
            metadata[LogKey.status] = "\(step.kind.rawValue)"
            logger.info("status updated", metadata: metadata)
        case .failed:
            logger.info("project failed", metadata: metadata)
            logger.info("credits refunded", metadata: metadata)
        case .externalIdRecorded: logger.info("external id recorded", metadata: metadata)
        case .cancelRequested: logger.info("cancel requested", metadata: metadata)
        case .reportRefused: logger.info("report refused", metadata: metadata)
        case .granted: logger.info("credits granted", metadata: metadata)
        case .adjusted: logger.info("credits adjusted", metadata: metadata)
        }
    }
}

/// The names of what log lines carry.
enum LogKey {
    static let project = "project"
    static let seq = "seq"
    static let user = "user"
    static let credits = "credits"
    static let caller = "caller"
    static let status = "status"
    static let detail = "detail"
    static let error = "error"
}

extension Duration {
    /// Saturating, as metrics take it.
    var inNanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        return overflow ? .max : whole.addingReportingOverflow(attoseconds / 1_000_000_000).partialValue
    }
}
