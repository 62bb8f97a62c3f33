/// The daemon's figures since it started: also as Prometheus text, for a scraper that comes through a pipe.
public struct GetMetrics: Sendable {
    public init() {}

    public struct Response: Sendable {
        public var counters: [Metric]
        public var gauges: [Metric]
        public var histograms: [Histogram]
        /// Text exposition format 0.0.4.
        public var prometheus: String
        /// The daemon's clock; absent from a daemon of an older version.
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
        /// Observations up to `atMost`, those of the smaller buckets included.
        public var count: Int64

        package init(atMost: Double, count: Int64) {
            self.atMost = atMost
            self.count = count
        }
    }
}

extension GetMetrics: ReadMethod {
    package static let name = "getMetrics"
    package static let summary = "The daemon's counters, gauges and latencies since it started."
    package static let roles = [Role].any
    package static let cost = ReadCost.scan
    package static var blank: Self { Self() }

    package mutating func visit(_ fields: inout some FieldVisitor) throws(RPCError) {}

    package func run(in store: any ReadTransaction, _ context: CallContext) throws(RPCError) -> Response {
        var figures = context.metrics.report()
        figures.time = context.now
        return figures
    }
}

extension GetMetrics.Response: Message {
    package static let title: String? = "GetMetricsResult"
    package static let note = "The daemon's figures since it started."
    package static var blank: Self { Self(counters: [], gauges: [], histograms: [], prometheus: "") }

    package mutating func visit(_ fields: inout some FieldVisitor) throws(RPCError) {
        try fields.required("counters", &counters, "What only grows.")
        try fields.required("gauges", &gauges, "What is now.")
        try fields.required("histograms", &histograms, "How long things took, in seconds.")
        try fields.required("prometheus", &prometheus, "The same in Prometheus' text format.")
        try fields.optional("time", &time, "The daemon's clock.")
    }
}

extension GetMetrics.Label: Message {
    package static let title: String? = "MetricLabel"
    package static let note = "What a figure is of."
    package static var blank: Self { Self(name: "", value: "") }

    package mutating func visit(_ fields: inout some FieldVisitor) throws(RPCError) {
        try fields.required("name", &name, "Label.")
        try fields.required("value", &value, "Its value.")
    }
}

extension GetMetrics.Metric: Message {
    package static let title: String? = "Metric"
    package static let note = "A counter or a gauge."
    package static var blank: Self { Self(name: "", labels: [], value: 0) }

    package mutating func visit(_ fields: inout some FieldVisitor) throws(RPCError) {
        try fields.required("name", &name, "Which figure.")
        try fields.required("labels", &labels, "Of what.")
        try fields.required("value", &value, "The figure.")
    }
}

extension GetMetrics.Histogram: Message {
    package static let title: String? = "Histogram"
    package static let note = "How long things took."
    package static var blank: Self { Self(name: "", labels: [], count: 0, sum: 0, buckets: []) }

    package mutating func visit(_ fields: inout some FieldVisitor) throws(RPCError) {
        try fields.required("name", &name, "Which latency.")
        try fields.required("labels", &labels, "Of what.")
        try fields.required("count", &count, .sum, "Observations.")
        try fields.required("sum", &sum, "Their sum, in seconds.")
        try fields.required("buckets", &buckets, "Cumulative, by upper bound.")
    }
}

extension GetMetrics.Bucket: Message {
    package static let title: String? = "HistogramBucket"
    package static let note = "Observations up to a bound, those of the smaller bounds included."
    package static var blank: Self { Self(atMost: 0, count: 0) }

    package mutating func visit(_ fields: inout some FieldVisitor) throws(RPCError) {
        try fields.required("atMost", &atMost, "Upper bound in seconds.")
        try fields.required("count", &count, .sum, "Observations up to it.")
    }
}
