package import CoreMetrics
internal import Synchronization

/// Keeps the values of all metrics of the process for `getMetrics`.
///
/// Create metrics once at the start: making a metric takes a lock, changing it only an atomic operation. The same name
/// and dimensions give the same metric. A name belongs to one kind of metric; a metric with a name of another kind is
/// not reported. Names are reported as they are given (with `_` for characters that Prometheus refuses), so follow its
/// conventions: `…_total` for counters, `…_seconds` for timers. The values of dimensions must come from a small fixed
/// set and never from a peer, because every combination is kept.
package final class MetricsRegistry: MetricsFactory, Sendable {
    private struct State {
        var kinds: [String: MetricKind] = [:]
        var counters: [MetricKey: CounterCell] = [:]
        var gauges: [MetricKey: GaugeCell] = [:]
        var histograms: [MetricKey: HistogramCell] = [:]
    }

    private let state = Mutex(State())

    package init() {}

    package func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        make(label, dimensions, kind: .counter, in: \.counters) { CounterCell() }
    }

    package func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        make(label, dimensions, kind: .gauge, in: \.gauges) { GaugeCell() }
    }

    /// Without `aggregate` a gauge of the last value. With it a histogram of counts, whose bounds are powers of 2.
    package func makeRecorder(
        label: String, dimensions: [(String, String)], aggregate: Bool
    ) -> any RecorderHandler {
        if aggregate {
            make(label, dimensions, kind: .histogram, in: \.histograms) { HistogramCell(.counts) }
        } else {
            make(label, dimensions, kind: .gauge, in: \.gauges) { GaugeCell() }
        }
    }

    package func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        make(label, dimensions, kind: .histogram, in: \.histograms) { HistogramCell(.seconds) }
    }

    package func destroyCounter(_ handler: any CounterHandler) { remove(handler, from: \.counters) }

    package func destroyMeter(_ handler: any MeterHandler) { remove(handler, from: \.gauges) }

    package func destroyRecorder(_ handler: any RecorderHandler) {
        remove(handler, from: \.gauges)
        remove(handler, from: \.histograms)
    }

    package func destroyTimer(_ handler: any TimerHandler) { remove(handler, from: \.histograms) }

    /// The present values of all metrics, sorted by name and labels. Each value is read atomically.
    package func snapshot() -> MetricsSnapshot {
        // Only the references are copied under the lock, because reading the values and sorting take longer.
        let (counters, gauges, histograms) = state.withLock { ($0.counters, $0.gauges, $0.histograms) }
        return MetricsSnapshot(
            counters: Self.sorted(counters).map { .init(name: $0.name, labels: $0.labels, value: $1.value) },
            gauges: Self.sorted(gauges).map { .init(name: $0.name, labels: $0.labels, value: $1.value) },
            histograms: Self.sorted(histograms).map { $1.snapshot(name: $0.name, labels: $0.labels) })
    }

    private func make<Cell: AnyObject & Sendable>(
        _ label: String, _ dimensions: [(String, String)], kind: MetricKind,
        in cells: WritableKeyPath<State, [MetricKey: Cell]>, new: () -> Cell
    ) -> Cell {
        let key = MetricKey(label: label, dimensions: dimensions)
        return state.withLock { state in
            if let cell = state[keyPath: cells][key] { return cell }
            let cell = new()
            if state.kinds[key.name, default: kind] == kind {
                state.kinds[key.name] = kind
                state[keyPath: cells][key] = cell
            }
            return cell
        }
    }

    private func remove<Cell: AnyObject & Sendable>(
        _ handler: AnyObject, from cells: WritableKeyPath<State, [MetricKey: Cell]>
    ) {
        state.withLock { state in
            state[keyPath: cells] = state[keyPath: cells].filter { $0.value !== handler }
        }
    }

    private static func sorted<Cell>(_ cells: [MetricKey: Cell]) -> [(MetricKey, Cell)] {
        cells.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }
}

private enum MetricKind {
    case counter, gauge, histogram
}
