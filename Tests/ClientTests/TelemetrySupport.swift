import CoreMetrics
import Logging
import TestSupport

/// All that was counted, by label and dimensions: `label{name=value,…}`.
final class RecordedMetrics: MetricsFactory {
    private final class Cell: CounterHandler, FloatingPointCounterHandler, RecorderHandler, MeterHandler, TimerHandler {
        private let note: @Sendable (Int64) -> Void

        init(_ note: @escaping @Sendable (Int64) -> Void) { self.note = note }

        func increment(by amount: Int64) { note(amount) }
        func increment(by amount: Double) { note(Int64(amount)) }
        func decrement(by amount: Double) { note(-Int64(amount)) }
        func set(_ value: Int64) { note(value) }
        func set(_ value: Double) { note(Int64(value)) }
        func record(_ value: Int64) { note(value) }
        func record(_ value: Double) { note(Int64(value)) }
        func recordNanoseconds(_ duration: Int64) { note(duration) }
        func reset() {}
    }

    private let counted = Box<[String: [Int64]]>([:])

    /// The values that each of them was given, in their order.
    var values: [String: [Int64]] { counted.value }

    func sum(_ name: String) -> Int64 { values[name, default: []].reduce(0, +) }

    private func cell(_ label: String, _ dimensions: [(String, String)]) -> Cell {
        let name = dimensions.isEmpty ? label : "\(label){\(dimensions.map { "\($0)=\($1)" }.joined(separator: ","))}"
        return Cell { [counted] value in counted.change { $0[name, default: []].append(value) } }
    }

    func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler { cell(label, dimensions) }
    func makeFloatingPointCounter(
        label: String, dimensions: [(String, String)]
    ) -> any FloatingPointCounterHandler { cell(label, dimensions) }
    func makeRecorder(
        label: String, dimensions: [(String, String)], aggregate: Bool
    ) -> any RecorderHandler { cell(label, dimensions) }
    func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler { cell(label, dimensions) }
    func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler { cell(label, dimensions) }
    func destroyCounter(_ handler: any CounterHandler) {}
    func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) {}
    func destroyRecorder(_ handler: any RecorderHandler) {}
    func destroyMeter(_ handler: any MeterHandler) {}
    func destroyTimer(_ handler: any TimerHandler) {}
}

/// Keeps each log line as one text: level, message, metadata.
struct RecordedLog: LogHandler {
    let lines: Box<[String]>
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.trace
    var metadataProvider: Logger.MetadataProvider?

    init(_ lines: Box<[String]>) { self.lines = lines }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let fields = metadata.merging(event.metadata ?? [:]) { $1 }.sorted { $0.key < $1.key }
        let text = ["\(event.level)", "\(event.message)"] + fields.map { "\($0)=\($1)" }
        lines.change { $0.append(text.joined(separator: " ")) }
    }
}
