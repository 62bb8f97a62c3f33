internal import ArgumentParser
internal import LifecycleCore

struct MetricsCommand: RemoteCommand {
    static let configuration = CommandConfiguration(
        commandName: "metrics", abstract: "Show the daemon's metrics since its start.",
        discussion: """
            Examples:
              lifecyclectl metrics
              lifecyclectl metrics --prometheus >/var/lib/node_exporter/lifecycle.prom
            """)

    @Flag(help: "Print in Prometheus' text format.")
    var prometheus = false
    @OptionGroup var connection: ConnectionOptions

    func validate() throws {
        guard !(prometheus && connection.json) else { throw ValidationError("Give --prometheus or --json, not both.") }
    }

    func request() -> GetMetrics { GetMetrics() }

    func show(_ response: GetMetrics.Response, on output: Output) {
        guard !prometheus else { return output.verbatim(response.prometheus) }
        var figures = Table(.left("METRIC"), .right("VALUE"), .left("LABELS"))
        // Most metrics with labels are 0 and would only make the table long.
        for metric in response.gauges + response.counters where metric.value != 0 || metric.labels.isEmpty {
            figures.append([.init(metric.name), .init(Figure.decimal(metric.value)), .init(Self.text(metric.labels))])
        }
        output.table(figures)
        var latencies = Table(
            .left("LATENCY"), .right("COUNT"), .right("AVERAGE"), .right("P50"), .right("P99"), .left("LABELS"))
        for histogram in response.histograms where histogram.count > 0 {
            latencies.append([
                .init(histogram.name), .init(histogram.count),
                .init(Figure.seconds(histogram.sum / Double(histogram.count))), .init(Self.bound(of: 0.5, histogram)),
                .init(Self.bound(of: 0.99, histogram)), .init(Self.text(histogram.labels)),
            ])
        }
        guard !latencies.isEmpty else { return }
        output.line("")
        output.table(latencies)
    }

    private static func text(_ labels: [GetMetrics.Label]) -> String {
        labels.map { "\($0.name)=\($0.value)" }.joined(separator: " ")
    }

    /// The upper limit of the first bucket below which this share of the observations lies.
    private static func bound(of share: Double, _ histogram: GetMetrics.Histogram) -> String {
        let wanted = share * Double(histogram.count)
        if let bucket = histogram.buckets.first(where: { Double($0.count) >= wanted }) {
            return Figure.seconds(bucket.atMost)
        }
        return histogram.buckets.last.map { "over \(Figure.seconds($0.atMost))" } ?? ""
    }
}
