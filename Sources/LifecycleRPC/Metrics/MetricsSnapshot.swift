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
        /// In seconds for a timer. There is no unbounded bucket: its value is the histogram's `count`.
        package let upperBound: Double
        /// The number of values up to the bound, including those of lower buckets.
        package let count: Int64
    }

    package struct Histogram: Sendable, Equatable {
        package let name: String
        package let labels: [Label]
        package let buckets: [Bucket]
        /// In seconds for a timer.
        package let sum: Double
        package let count: Int64
    }

    package let counters: [Counter]
    package let gauges: [Gauge]
    package let histograms: [Histogram]
}
