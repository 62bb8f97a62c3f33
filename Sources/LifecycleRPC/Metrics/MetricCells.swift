internal import CoreMetrics
internal import Synchronization

extension Atomic where Value == Int64 {
    /// Adds, and stops at the largest or smallest value.
    fileprivate borrowing func saturatingAdd(_ amount: Int64) {
        var old = load(ordering: .relaxed)
        while true {
            let (sum, overflows) = old.addingReportingOverflow(amount)
            let new = overflows ? (amount > 0 ? Int64.max : Int64.min) : sum
            let result = weakCompareExchange(expected: old, desired: new, ordering: .relaxed)
            if result.exchanged { return }
            old = result.original
        }
    }
}

/// A sum that only grows. Negative amounts are ignored.
final class CounterCell: CounterHandler, Sendable {
    private let total = Atomic<Int64>(0)

    var value: Int64 { total.load(ordering: .relaxed) }

    func increment(by amount: Int64) {
        if amount > 0 { total.saturatingAdd(amount) }
    }

    func reset() { total.store(0, ordering: .relaxed) }
}

/// A value that goes up and down.
final class GaugeCell: MeterHandler, RecorderHandler, Sendable {
    private let bits = Atomic<UInt64>(Double.zero.bitPattern)

    var value: Double { Double(bitPattern: bits.load(ordering: .relaxed)) }

    func set(_ value: Double) { bits.store(value.bitPattern, ordering: .relaxed) }

    func set(_ value: Int64) { set(Double(value)) }

    func record(_ value: Double) { set(value) }

    func record(_ value: Int64) { set(Double(value)) }

    func increment(by amount: Double) {
        var old = bits.load(ordering: .relaxed)
        while true {
            let new = (Double(bitPattern: old) + amount).bitPattern
            let result = bits.weakCompareExchange(expected: old, desired: new, ordering: .relaxed)
            if result.exchanged { return }
            old = result.original
        }
    }

    func decrement(by amount: Double) { increment(by: -amount) }
}

/// Counts values in fixed buckets, and adds them up.
final class HistogramCell: TimerHandler, RecorderHandler, Sendable {
    struct Scale: Sendable {
        /// Upper bounds in the unit of recording, in ascending order.
        let bounds: [Int64]
        /// The number of recorded units in one reported unit.
        let divisor: Double

        /// Durations from 50 µs to 10 s, recorded in nanoseconds and reported in seconds.
        static let seconds = Scale(
            bounds: [
                50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000, 5_000_000, 10_000_000, 25_000_000, 50_000_000,
                100_000_000, 250_000_000, 500_000_000, 1_000_000_000, 2_500_000_000, 5_000_000_000, 10_000_000_000,
            ], divisor: 1e9)
        /// Counts, for example the number of writes in one commit.
        static let counts = Scale(bounds: (0...12).map { 1 << $0 }, divisor: 1)
    }

    private let scale: Scale
    /// One for each bound, and the last for values above all bounds.
    private let buckets: [CounterCell]
    private let sum = Atomic<Int64>(0)

    init(_ scale: Scale) {
        self.scale = scale
        buckets = (0...scale.bounds.count).map { _ in CounterCell() }
    }

    func recordNanoseconds(_ duration: Int64) { record(duration) }

    /// Negative values count as zero: a clock may go back, but the sum must not.
    func record(_ value: Int64) {
        let value = max(0, value)
        buckets[scale.bounds.firstIndex { value <= $0 } ?? scale.bounds.count].increment(by: 1)
        sum.saturatingAdd(value)
    }

    func record(_ value: Double) {
        if value.isNaN { return }
        record(Int64(exactly: value.rounded()) ?? (value < 0 ? 0 : Int64.max))
    }

    func snapshot(name: String, labels: [MetricsSnapshot.Label]) -> MetricsSnapshot.Histogram {
        // The count is the sum of the buckets, so that both agree while other threads record.
        var count: Int64 = 0
        var cumulative: [MetricsSnapshot.Bucket] = []
        for (index, bucket) in buckets.enumerated() {
            let (sum, overflows) = count.addingReportingOverflow(bucket.value)
            count = overflows ? Int64.max : sum
            if index < scale.bounds.count {
                cumulative.append(.init(upperBound: Double(scale.bounds[index]) / scale.divisor, count: count))
            }
        }
        let total = Double(sum.load(ordering: .relaxed)) / scale.divisor
        return .init(name: name, labels: labels, buckets: cumulative, sum: total, count: count)
    }
}
