package import LifecycleCore

/// The result of `getMetrics`.
extension MetricsRegistry: MetricsSource {
    package func report() -> GetMetrics.Response {
        let snapshot = snapshot()
        func labels(_ labels: [MetricsSnapshot.Label]) -> [GetMetrics.Label] {
            labels.map { GetMetrics.Label(name: $0.name, value: $0.value) }
        }
        return GetMetrics.Response(
            counters: snapshot.counters.map {
                GetMetrics.Metric(name: $0.name, labels: labels($0.labels), value: Double($0.value))
            },
            gauges: snapshot.gauges.map {
                GetMetrics.Metric(name: $0.name, labels: labels($0.labels), value: $0.value)
            },
            histograms: snapshot.histograms.map { histogram in
                GetMetrics.Histogram(
                    name: histogram.name, labels: labels(histogram.labels), count: histogram.count, sum: histogram.sum,
                    buckets: histogram.buckets.map { GetMetrics.Bucket(atMost: $0.upperBound, count: $0.count) })
            },
            prometheus: snapshot.prometheusText())
    }
}
