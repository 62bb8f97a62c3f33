internal import LifecycleCore

/// How one of the `Limits` is set. A new limit is one line in `table`, and two in `LimitOptions`.
package struct LimitSetting: Sendable {
    package let setting: Setting
    let range: ClosedRange<Int64>
    /// What is counted.
    let unit: String
    /// The name of the limit that this one may not exceed.
    let ceiling: String?
    let value: @Sendable (Limits) -> Int64
    let assign: @Sendable (inout Limits, Int64) -> Void

    /// - Parameter name: as in `Limits.table`, which also says what it means.
    private init<Value: FixedWidthInteger & Sendable>(
        _ name: String, _ path: any WritableKeyPath<Limits, Value> & Sendable, _ range: ClosedRange<Int64>,
        _ unit: String, atMost ceiling: String? = nil
    ) {
        let meaning = Limits().table.first { $0.name == name }?.meaning ?? name
        let most = ceiling.map(Setting.flag(of:)) ?? "\(range.upperBound)"
        setting = Setting(
            name: name, placeholder: unit, isNumber: true, meaning: "\(meaning), \(range.lowerBound) to \(most)",
            fallback: "\(Limits()[keyPath: path])")
        self.range = range
        self.unit = unit
        self.ceiling = ceiling
        value = { Int64(clamping: $0[keyPath: path]) }
        assign = { $0[keyPath: path] = Value(clamping: $1) }
    }

    package static func named(_ name: String) -> LimitSetting? {
        table.first { $0.setting.name == name }
    }
}

extension LimitSetting {
    private static let year: Int64 = 31_536_000

    /// In the order of `Limits.table`.
    package static let table: [LimitSetting] = [
        LimitSetting("maxProjectCredits", \.maximumProjectCredits, 1...1_000_000_000_000, "credits"),
        LimitSetting("startTimeout", \.startTimeout, 1...year, "seconds", atMost: "longestStartTimeout"),
        LimitSetting("lease", \.lease, 1...year, "seconds", atMost: "longestLease"),
        LimitSetting("maxRuntime", \.maximumRuntime, 1...year, "seconds", atMost: "longestRuntime"),
        LimitSetting("detachGrace", \.detachGrace, 1...86_400, "seconds"),
        LimitSetting("longestStartTimeout", \.longestStartTimeout, 1...year, "seconds"),
        LimitSetting("longestLease", \.longestLease, 1...year, "seconds"),
        LimitSetting("longestRuntime", \.longestRuntime, 1...year, "seconds"),
        LimitSetting("maxLineBytes", \.maximumLineBytes, 1024...67_108_864, "bytes"),
        LimitSetting("maxReplyBytes", \.maximumReplyBytes, 65_536...268_435_456, "bytes"),
        LimitSetting("maxBatch", \.maximumBatch, 1...100_000, "requests"),
        // What is taken here must be read by all: many JSON readers give up at some hundred levels (Python's at its
        // recursion limit, PHP's at 512), and metadata stands up to three levels deeper in a reply than in its request.
        LimitSetting("maxDepth", \.maximumDepth, 4...256, "levels"),
        LimitSetting("maxUnsentBytes", \.maximumUnsentBytes, 4096...67_108_864, "bytes"),
        LimitSetting("stallTimeout", \.stallTimeout, 1...3600, "seconds"),
        LimitSetting("maxConnections", \.maximumConnections, 1...65_536, "connections"),
        LimitSetting("maxConnectionsPerUser", \.maximumConnectionsPerUser, 1...65_536, "connections"),
        LimitSetting("maxQueuedWrites", \.maximumQueuedWrites, 1...1_048_576, "writes"),
        LimitSetting("drainTimeout", \.drainTimeout, 1...3600, "seconds"),
    ]
}
