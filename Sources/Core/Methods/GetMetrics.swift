/// The daemon's metrics since its start, also in Prometheus' text format.
public struct GetMetrics: Sendable {
    public init() {}

    public struct Response: Sendable {
        public var counters: [Metric]
        public var gauges: [Metric]
        public var histograms: [Histogram]
        /// Prometheus' text format, version 0.0.4.
        public var prometheus: String
        /// The daemon's wall clock. `nil` from a daemon of an older version.
        public var time: Timestamp?

        package init(counters: [Metric], gauges: [Metric], histograms: [Histogram], prometheus: String) {
            self.counters = counters
            self.gauges = gauges
            self.histograms = histograms
            self.prometheus = prometheus
        }
    }

    public struct Label: Sendable {
        public var name: String
        public var value: String

        package init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    public struct Metric: Sendable {
        public var name: String
        public var labels: [Label]
        public var value: Double

        package init(name: String, labels: [Label], value: Double) {
            self.name = name
            self.labels = labels
            self.value = value
        }
    }

    public struct Histogram: Sendable {
        public var name: String
        public var labels: [Label]
        public var count: Int64
        /// Seconds.
        public var sum: Double
        public var buckets: [Bucket]

        package init(name: String, labels: [Label], count: Int64, sum: Double, buckets: [Bucket]) {
            self.name = name
            self.labels = labels
            self.count = count
            self.sum = sum
            self.buckets = buckets
        }
    }

    public struct Bucket: Sendable {
        /// Seconds.
        public var atMost: Double
        /// The number of observations up to `atMost`, including those of the smaller buckets.
        public var count: Int64

        package init(atMost: Double, count: Int64) {
            self.atMost = atMost
            self.count = count
        }
    }
}

extension GetMetrics: ReadMethod {
    package static let name = "getMetrics"
    package static let summary = "Get the daemon's counters, gauges and latencies since its start."
    package static let roles = [Role].any
    package static let cost = ReadCost.scan
    package static var blank: Self { Self() }

    package mutating func visit(_ fields: inout some FieldVisitor) throws(RPCError) {}

    package func run(in transaction: ReadTransaction, _ context: CallContext) throws(RPCError) -> Response {
        var figures = context.metrics.report()
        figures.time = context.now
        return figures
    }
}

extension GetMetrics.Response: Message {
    package static let title: String? = "GetMetricsResult"
    package static let note = "The daemon's metrics since its start."
    package static var blank: Self { Self(counters: [], gauges: [], histograms: [], prometheus: "") }

    package mutating func visit(_ fields: inout some FieldVisitor) throws(RPCError) {
        try fields.required("counters", &counters, "Counters, which only grow.")
        try fields.required("gauges", &gauges, "Current values.")
        try fields.required("histograms", &histograms, "Latencies in seconds.")
        try fields.required("prometheus", &prometheus, "All metrics in Prometheus' text format.")
        try fields.optional("time", &time, "The daemon's wall clock (UTC).")
    }
}

extension GetMetrics.Label: Message {
    package static let title: String? = "MetricLabel"
    package static let note = "A label of a metric."
    package static var blank: Self { Self(name: "", value: "") }

    package mutating func visit(_ fields: inout some FieldVisitor) throws(RPCError) {
        try fields.required("name", &name, "The name of the label.")
        try fields.required("value", &value, "The value of the label.")
    }
}

extension GetMetrics.Metric: Message {
    package static let title: String? = "Metric"
    package static let note = "A counter or a gauge."
    package static var blank: Self { Self(name: "", labels: [], value: 0) }

    package mutating func visit(_ fields: inout some FieldVisitor) throws(RPCError) {
        try fields.required("name", &name, "The name of the metric.")
        try fields.required("labels", &labels, "The labels of the metric.")
        try fields.required("value", &value, "The value of the metric.")
    }
}

extension GetMetrics.Histogram: Message {
    package static let title: String? = "Histogram"
    package static let note = "The distribution of a latency."
    package static var blank: Self { Self(name: "", labels: [], count: 0, sum: 0, buckets: []) }

    package mutating func visit(_ fields: inout some FieldVisitor) throws(RPCError) {
        try fields.required("name", &name, "The name of the latency.")
        try fields.required("labels", &labels, "The labels of the latency.")
        try fields.required("count", &count, .sum, "The number of observations.")
        try fields.required("sum", &sum, "The sum of all observations, in seconds.")
        try fields.required("buckets", &buckets, "Cumulative buckets, by their upper bound.")
    }
}

extension GetMetrics.Bucket: Message {
    package static let title: String? = "HistogramBucket"
    package static let note = "The number of observations up to a bound, including those of smaller bounds."
    package static var blank: Self { Self(atMost: 0, count: 0) }

    package mutating func visit(_ fields: inout some FieldVisitor) throws(RPCError) {
        try fields.required("atMost", &atMost, "The upper bound in seconds.")
        try fields.required("count", &count, .sum, "The number of observations up to the bound.")
    }
}
