/// The identity of a metric: its name and its labels.
struct MetricKey: Hashable, Comparable {
    let name: String
    /// Sorted by name.
    let labels: [MetricsSnapshot.Label]

    init(label: String, dimensions: [(String, String)]) {
        name = Self.identifier(label, allowsColon: true)
        labels = dimensions.map { .init(name: Self.identifier($0.0, allowsColon: false), value: $0.1) }
            .sorted { ($0.name, $0.value) < ($1.name, $1.value) }
    }

    static func < (left: MetricKey, right: MetricKey) -> Bool {
        if left.name != right.name { return left.name < right.name }
        return left.labels.lexicographicallyPrecedes(right.labels) { ($0.name, $0.value) < ($1.name, $1.value) }
    }

    /// `text` as an identifier of the text format: letters, digits and `_` (in metric names also `:`), without a digit
    /// at the beginning.
    private static func identifier(_ text: String, allowsColon: Bool) -> String {
        var bytes = text.utf8.map { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                byte
            case UInt8(ascii: ":") where allowsColon: byte
            default: UInt8(ascii: "_")
            }
        }
        if let first = bytes.first, first > UInt8(ascii: "9") || first < UInt8(ascii: "0") {
            return String(decoding: bytes, as: UTF8.self)
        }
        bytes.insert(UInt8(ascii: "_"), at: 0)
        return String(decoding: bytes, as: UTF8.self)
    }
}
