internal import LifecycleCore
internal import Synchronization

/// The metrics of the daemon in process: how many calls of each method succeeded and failed, under the daemon's metric
/// names. There is no socket, no disk and no queue to measure, so there are no gauges and no latencies.
final class CallCounts: MetricsSource {
    private struct Count {
        var succeeded = 0
        var failed = 0
    }

    private let counts = Mutex<[String: Count]>([:])

    /// - Parameter method: the name in the method table.
    func count(_ method: String, succeeded: Bool) {
        counts.withLock { counts in
            if succeeded {
                counts[method, default: Count()].succeeded += 1
            } else {
                counts[method, default: Count()].failed += 1
            }
        }
    }

    func report() -> GetMetrics.Response {
        let counts = counts.withLock { $0 }
        let name = "lifecycle_requests_total"
        var counters: [GetMetrics.Metric] = []
        for method in MethodTable.standard.entries.map(\.name).sorted() {
            let count = counts[method] ?? Count()
            for (outcome, value) in [("error", count.failed), ("ok", count.succeeded)] {
                let labels = [
                    GetMetrics.Label(name: "method", value: method), GetMetrics.Label(name: "outcome", value: outcome),
                ]
                counters.append(GetMetrics.Metric(name: name, labels: labels, value: Double(value)))
            }
        }
        // These names and labels contain nothing that needs escaping.
        let lines = counters.map { counter in
            let labels = counter.labels.map { "\($0.name)=\"\($0.value)\"" }.joined(separator: ",")
            return "\(name){\(labels)} \(Int64(counter.value))\n"
        }
        return GetMetrics.Response(
            counters: counters, gauges: [], histograms: [],
            prometheus: "# TYPE \(name) counter\n" + lines.joined())
    }
}
