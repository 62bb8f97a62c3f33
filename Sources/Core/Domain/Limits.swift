/// Every limit of the daemon, with its default. `rpc.discover` shows them. Each can be set by a flag or an environment
/// variable.
package struct Limits: Sendable, Equatable {
    /// The largest integer that every JSON parser reads exactly (RFC 7493, section 2.2): 2^53 − 1.
    package static let largestInteger: Int64 = 9_007_199_254_740_991

    // In credits.
    package var maximumProjectCredits: Int64 = 1_000_000

    // The three clocks of a project in seconds: the defaults, and the maximum that a request may ask for. The minimum
    // is 1.
    package var startTimeout: Int64 = 3600
    package var lease: Int64 = 600
    package var maximumRuntime: Int64 = 21_600
    /// The time, in seconds, that a project has after the connection of its lease holder has ended.
    package var detachGrace: Int64 = 30
    /// Seconds that the pauses of one project may last together.
    package var maximumPause: Int64 = 604_800
    package var longestStartTimeout: Int64 = 604_800
    package var longestLease: Int64 = 86_400
    package var longestRuntime: Int64 = 2_592_000

    // Messages: in bytes, requests and levels.
    package var maximumLineBytes = 1_048_576
    package var maximumReplyBytes = 16_777_216
    package var maximumBatch = 1000
    package var maximumDepth = 64
    /// The daemon does not read from a connection with more unsent bytes than this.
    package var maximumUnsentBytes = 262_144
    /// A connection is closed if its peer reads nothing for this time, in seconds, while replies wait.
    package var stallTimeout: Int64 = 30

    // Connections.
    package var maximumConnections = 1024
    package var maximumConnectionsPerUser = 256

    // The number of writes that wait for their commit, over all connections. Further writes are answered with `busy`.
    package var maximumQueuedWrites = 16_384
    /// The longest time of a stop, in seconds.
    package var drainTimeout: Int64 = 10

    package init() {}
}

extension Limits {
    /// The description of one limit. Its default is the value of the property.
    package struct Row: Sendable {
        /// In camel case.
        package let name: String
        package let range: ClosedRange<Int64>
        package let unit: String
        package let meaning: String
        /// The name of the limit that this limit must not exceed.
        package let ceiling: String?
        package let value: @Sendable (Limits) -> Int64
        package let assign: @Sendable (inout Limits, Int64) -> Void

        fileprivate init<Value: FixedWidthInteger & Sendable>(
            _ name: String, _ path: any WritableKeyPath<Limits, Value> & Sendable, _ range: ClosedRange<Int64>,
            _ unit: String, _ meaning: String, atMost ceiling: String? = nil
        ) {
            self.name = name
            self.range = range
            self.unit = unit
            self.meaning = meaning
            self.ceiling = ceiling
            value = { Int64(clamping: $0[keyPath: path]) }
            assign = { $0[keyPath: path] = Value(clamping: $1) }
        }
    }

    private static let year: Int64 = 31_536_000

    /// One row for each limit. `rpc.discover` and the daemon's flags, variables, help and checks are made from it.
    package static let table = [
        Row(
            "maxProjectCredits", \.maximumProjectCredits, 1...1_000_000_000_000, "credits",
            "the highest price of one project"),
        Row(
            "startTimeout", \.startTimeout, 1...year, "seconds",
            "seconds from the creation to the first report, if the request does not set it",
            atMost: "longestStartTimeout"),
        Row(
            "lease", \.lease, 1...year, "seconds",
            "seconds between two reports, if the request does not set it", atMost: "longestLease"),
        Row(
            "maxRuntime", \.maximumRuntime, 1...year, "seconds",
            "seconds from the creation to the verdict, if the request does not set it", atMost: "longestRuntime"),
        Row(
            "detachGrace", \.detachGrace, 1...86_400, "seconds",
            "seconds that a project has after the connection of its lease has ended"),
        Row(
            "maxPause", \.maximumPause, 1...year, "seconds",
            "the most seconds of all pauses of one project together"),
        Row(
            "longestStartTimeout", \.longestStartTimeout, 1...year, "seconds",
            "the highest startTimeout, in seconds"),
        Row("longestLease", \.longestLease, 1...year, "seconds", "the highest lease, in seconds"),
        Row("longestRuntime", \.longestRuntime, 1...year, "seconds", "the highest maxRuntime, in seconds"),
        Row("maxLineBytes", \.maximumLineBytes, 1024...67_108_864, "bytes", "bytes in a request line"),
        Row("maxReplyBytes", \.maximumReplyBytes, 65_536...268_435_456, "bytes", "bytes in a reply line"),
        Row("maxBatch", \.maximumBatch, 1...100_000, "requests", "requests in a batch"),
        // Every client must be able to read what is accepted here. Many JSON parsers fail at several hundred levels
        // (Python's at its recursion limit, PHP's at 512), and a reply nests metadata up to 3 levels deeper.
        Row("maxDepth", \.maximumDepth, 4...256, "levels", "levels of nesting in a request"),
        Row(
            "maxUnsentBytes", \.maximumUnsentBytes, 4096...67_108_864, "bytes",
            "unsent bytes above which the daemon does not read from a connection"),
        Row(
            "stallTimeout", \.stallTimeout, 1...3600, "seconds",
            "seconds after which a connection is closed whose peer reads nothing"),
        Row("maxConnections", \.maximumConnections, 1...65_536, "connections", "open connections"),
        Row(
            "maxConnectionsPerUser", \.maximumConnectionsPerUser, 1...65_536, "connections",
            "open connections of one Unix user"),
        Row("maxQueuedWrites", \.maximumQueuedWrites, 1...1_048_576, "writes", "writes that wait for their commit"),
        Row("drainTimeout", \.drainTimeout, 1...3600, "seconds", "the longest time of a stop, in seconds"),
    ]
}
