/// The values of all metrics at one time, sorted by name and labels.
package struct MetricsSnapshot: Sendable, Equatable {
    package struct Label: Sendable, Hashable {
        package let name: String
        package let value: String
    }

    package struct Counter: Sendable, Equatable {
        package let name: String
        package let labels: [Label]
        package let value: Int64
    }

    package struct Gauge: Sendable, Equatable {
        package let name: String
        package let labels: [Label]
        package let value: Double
    }

    package struct Bucket: Sendable, Equatable {
        /// Seconds, for a timer. The unbounded bucket is left out: it is the histogram's `count`.
        package let upperBound: Double
        /// The values up to the bound, so those of lower buckets too.
        package let count: Int64
    }

    package struct Histogram: Sendable, Equatable {
        package let name: String
        package let labels: [Label]
        package let buckets: [Bucket]
        /// Seconds, for a timer.
        package let sum: Double
        package let count: Int64
    }

    package let counters: [Counter]
    package let gauges: [Gauge]
    package let histograms: [Histogram]
}
