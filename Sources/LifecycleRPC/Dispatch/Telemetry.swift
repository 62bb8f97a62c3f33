internal import CoreMetrics
internal import LifecycleCore
internal import LifecycleSystem

/// The metrics of the daemon's work, and its log entries, one for each event of a project. Any thread may call it.
package struct Telemetry: Sendable {
    let connections: Gauge
    let queuedWrites: Gauge
    let watchers: Gauge
    private let methods: [String: MethodMetrics]
    private let errors: [Int64: Counter]
    private let commits: Counter
    private let committedWrites: Counter
    private let commitTime: CoreMetrics.Timer
    private let refusedConnections: Counter
    private let refusals = Refusals()
    let log: DaemonLog

    private struct MethodMetrics: Sendable {
        let succeeded: Counter
        let failed: Counter
        let time: CoreMetrics.Timer
    }

    package init(_ registry: MetricsRegistry, _ log: DaemonLog) {
        self.log = log
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

    /// - Parameter reason: the error that the peer gets. `nil` while the daemon stops, which is not logged.
    func refused(_ caller: Caller, _ reason: RPCError?) {
        refusedConnections.increment()
        guard let reason, let count = refusals.add(at: .now) else { return }
        var fields: LogFields = [.refused: "\(count)", .reason: reason.message]
        fields.name(caller)
        log.write(.connectionRefused, fields)
    }

    /// Logs the cause of `storageUnavailable`, `storageFull` and `internalError`, which callers do not get.
    func log(_ error: StorageError) {
        log.write(.storageRefused, [.error: "\(error)"])
    }

    /// Logs the reason why deadlines were moved and leases got grace.
    func log(_ jump: ClockJump) {
        let tenths = jump.milliseconds.magnitude / 100
        log.write(
            .clockJumped,
            [.direction: jump.isBackwards ? "backwards" : "forwards", .seconds: "\(tenths / 10).\(tenths % 10)"])
    }

    /// - Parameter seq: the client continues after this event when it connects again.
    func log(stalledWatcher caller: Caller, lastSent seq: Int64) {
        var fields: LogFields = [.seq: "\(seq)"]
        fields.name(caller)
        log.write(.watcherStalled, fields)
    }
}
