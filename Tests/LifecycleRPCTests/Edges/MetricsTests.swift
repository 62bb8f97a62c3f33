internal import CoreMetrics
internal import Testing

@testable import LifecycleRPC

@Suite("Metrics")
struct MetricsTests {
    let registry = MetricsRegistry()

    @Test("the text format has one HELP and one TYPE line a family, sorted samples and escaped labels")
    func prometheusText() {
        Counter(label: "requests_total", dimensions: [("method", "getStatus")], factory: registry).increment(by: 3)
        Counter(label: "requests_total", dimensions: [("method", "audit")], factory: registry).increment()
        Counter(label: "odd.name", dimensions: [("a-b", "q\"\\\n")], factory: registry).increment()
        Gauge(label: "connections", factory: registry).record(7)
        Meter(label: "queue_depth", factory: registry).set(2.5)
        let timer = Timer(label: "commit_seconds", dimensions: [("x", "y")], factory: registry)
        timer.recordNanoseconds(50_000)
        timer.recordNanoseconds(60_000)
        timer.recordNanoseconds(11_000_000_000)
        #expect(
            registry.snapshot().prometheusText() == #"""
                # HELP odd_name Not described.
                # TYPE odd_name counter
                odd_name{a_b="q\"\\\n"} 1
                # HELP requests_total Not described.
                # TYPE requests_total counter
                requests_total{method="audit"} 1
                requests_total{method="getStatus"} 3
                # HELP connections Not described.
                # TYPE connections gauge
                connections 7.0
                # HELP queue_depth Not described.
                # TYPE queue_depth gauge
                queue_depth 2.5
                # HELP commit_seconds Not described.
                # TYPE commit_seconds histogram
                commit_seconds_bucket{x="y",le="5e-05"} 1
                commit_seconds_bucket{x="y",le="0.0001"} 2
                commit_seconds_bucket{x="y",le="0.00025"} 2
                commit_seconds_bucket{x="y",le="0.0005"} 2
                commit_seconds_bucket{x="y",le="0.001"} 2
                commit_seconds_bucket{x="y",le="0.0025"} 2
                commit_seconds_bucket{x="y",le="0.005"} 2
                commit_seconds_bucket{x="y",le="0.01"} 2
                commit_seconds_bucket{x="y",le="0.025"} 2
                commit_seconds_bucket{x="y",le="0.05"} 2
                commit_seconds_bucket{x="y",le="0.1"} 2
                commit_seconds_bucket{x="y",le="0.25"} 2
                commit_seconds_bucket{x="y",le="0.5"} 2
                commit_seconds_bucket{x="y",le="1.0"} 2
                commit_seconds_bucket{x="y",le="2.5"} 2
                commit_seconds_bucket{x="y",le="5.0"} 2
                commit_seconds_bucket{x="y",le="10.0"} 2
                commit_seconds_bucket{x="y",le="+Inf"} 3
                commit_seconds_sum{x="y"} 11.00011
                commit_seconds_count{x="y"} 3

                """#)
    }

    @Test("an empty registry gives an empty text")
    func empty() {
        #expect(registry.snapshot().prometheusText() == "")
    }

    @Test("the same name and dimensions, in whatever order, are the same metric")
    func identity() {
        Counter(label: "c", dimensions: [("a", "1"), ("b", "2")], factory: registry).increment()
        Counter(label: "c", dimensions: [("b", "2"), ("a", "1")], factory: registry).increment()
        #expect(registry.snapshot().counters.map(\.value) == [2])
    }

    @Test("concurrent increments all count")
    func concurrency() async {
        let counter = Counter(label: "c", factory: registry)
        let meter = Meter(label: "m", factory: registry)
        let timer = Timer(label: "t", factory: registry)
        await withDiscardingTaskGroup { group in
            for task in 0..<8 {
                group.addTask {
                    for index in 0..<5000 {
                        counter.increment(by: 2)
                        meter.increment(by: 1)
                        timer.recordNanoseconds(Int64(index % 3) * 1_000_000 + Int64(task))
                    }
                }
            }
        }
        let snapshot = registry.snapshot()
        #expect(snapshot.counters.map(\.value) == [80_000])
        #expect(snapshot.gauges.map(\.value) == [40_000])
        #expect(snapshot.histograms.map(\.count) == [40_000])
        #expect(snapshot.histograms.map(\.buckets.first?.count) == [8 * 1667])
    }

    @Test("sums stop at their ends instead of trapping")
    func saturation() {
        let counter = Counter(label: "c", factory: registry)
        counter.increment(by: Int64.max)
        counter.increment(by: Int64.max)
        counter.increment(by: -5)
        let timer = Timer(label: "t", factory: registry)
        for value in [Int64.max, Int64.max, Int64.min] { timer.recordNanoseconds(value) }
        let recorder = Recorder(label: "r", aggregate: true, factory: registry)
        for value in [Double.infinity, -.infinity, .nan, 1e300, 0.4] { recorder.record(value) }
        let snapshot = registry.snapshot()
        #expect(snapshot.counters.map(\.value) == [.max])
        #expect(snapshot.histograms.map(\.count) == [4, 3])
        #expect(snapshot.histograms.map(\.sum) == [0x1p63, 0x1p63 / 1e9])
    }

    @Test("a recorder that aggregates counts things in powers of two")
    func counts() throws {
        let recorder = Recorder(label: "batch", aggregate: true, factory: registry)
        for value in [1, 2, 3, 4096, 4097] { recorder.record(value) }
        let histogram = try #require(registry.snapshot().histograms.first)
        #expect(histogram.buckets.map(\.upperBound) == (0...12).map { Double(1 << $0) })
        #expect(histogram.buckets.prefix(3).map(\.count) == [1, 2, 3])
        #expect(histogram.buckets.last?.count == 4)
        #expect((histogram.count, histogram.sum) == (5, 8199))
    }

    @Test("a gauge shows odd numbers as the format wants them")
    func oddNumbers() {
        for (name, value) in [("a", Double.nan), ("b", .infinity), ("c", -.infinity), ("d", 1e21)] {
            Gauge(label: name, factory: registry).record(value)
        }
        let samples = registry.snapshot().prometheusText().split(separator: "\n").filter { !$0.hasPrefix("#") }
        #expect(samples == ["a NaN", "b +Inf", "c -Inf", "d 1e+21"])
    }

    @Test("a name of another kind is not shown twice, a destroyed metric not at all")
    func kindsAndDestroying() {
        Counter(label: "x", factory: registry).increment()
        Gauge(label: "x", factory: registry).record(1)
        #expect(registry.snapshot().gauges.isEmpty)
        Counter(label: "x", factory: registry).destroy()
        #expect(registry.snapshot().counters.isEmpty)
    }
}
