/// Every limit of the daemon, with its default. All are shown by `rpc.discover` and can be set by a flag or the
/// environment.
package struct Limits: Sendable, Equatable {
    /// The largest whole number that every JSON parser keeps exact (RFC 7493, section 2.2): 2^53 − 1.
    package static let largestInteger: Int64 = 9_007_199_254_740_991

    // Money, in credits.
    package var maximumProjectCredits: Int64 = 1_000_000

    // The three clocks, in seconds: the defaults, and the most that a request may ask for. The least is 1.
    package var startTimeout: Int64 = 3600
    package var lease: Int64 = 600
    package var maximumRuntime: Int64 = 21_600
    /// Seconds that are left when the connection that holds a lease ends without a verdict.
    package var detachGrace: Int64 = 30
    package var longestStartTimeout: Int64 = 604_800
    package var longestLease: Int64 = 86_400
    package var longestRuntime: Int64 = 2_592_000

    // The wire, in bytes, requests and levels.
    package var maximumLineBytes = 1_048_576
    package var maximumReplyBytes = 16_777_216
    package var maximumBatch = 1000
    package var maximumDepth = 64
    /// A connection with more than this unsent is not read from.
    package var maximumUnsentBytes = 262_144
    /// Seconds after which a connection is closed whose peer takes nothing of what waits for it.
    package var stallTimeout: Int64 = 30

    // Connections.
    package var maximumConnections = 1024
    package var maximumConnectionsPerUser = 256

    // Writes that wait for their commit, over all connections; the one too many is answered with `busy`.
    package var maximumQueuedWrites = 16_384
    /// Seconds that a stop may take to answer what was read.
    package var drainTimeout: Int64 = 10

    package init() {}
}

extension Limits {
    /// What there is to know of one limit, but for its default, which is the property's.
    package struct Row: Sendable {
        /// In camel case.
        package let name: String
        package let range: ClosedRange<Int64>
        /// What is counted.
        package let unit: String
        package let meaning: String
        /// The name of the limit that this one may not exceed.
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

    /// One line for each limit: `rpc.discover`, the daemon's flags, variables, help and checks are made from it.
    package static let table = [
        Row(
            "maxProjectCredits", \.maximumProjectCredits, 1...1_000_000_000_000, "credits",
            "credits that one project may cost"),
        Row(
            "startTimeout", \.startTimeout, 1...year, "seconds",
            "seconds from creation to the first report, when the request names none", atMost: "longestStartTimeout"),
        Row(
            "lease", \.lease, 1...year, "seconds",
            "seconds from one report to the next, when the request names none", atMost: "longestLease"),
        Row(
            "maxRuntime", \.maximumRuntime, 1...year, "seconds",
            "seconds from creation to the end, when the request names none", atMost: "longestRuntime"),
        Row(
            "detachGrace", \.detachGrace, 1...86_400, "seconds",
            "seconds from the end of the connection that holds a lease to the failure"),
        Row(
            "longestStartTimeout", \.longestStartTimeout, 1...year, "seconds",
            "seconds that startTimeout may be set to"),
        Row("longestLease", \.longestLease, 1...year, "seconds", "seconds that lease may be set to"),
        Row("longestRuntime", \.longestRuntime, 1...year, "seconds", "seconds that maxRuntime may be set to"),
        Row("maxLineBytes", \.maximumLineBytes, 1024...67_108_864, "bytes", "bytes of a request line"),
        Row("maxReplyBytes", \.maximumReplyBytes, 65_536...268_435_456, "bytes", "bytes of a reply line"),
        Row("maxBatch", \.maximumBatch, 1...100_000, "requests", "requests in a batch"),
        // What is taken here must be read by all: many JSON readers give up at some hundred levels (Python's at its
        // recursion limit, PHP's at 512), and metadata stands up to three levels deeper in a reply than in its request.
        Row("maxDepth", \.maximumDepth, 4...256, "levels", "levels of nesting in a request"),
        Row(
            "maxUnsentBytes", \.maximumUnsentBytes, 4096...67_108_864, "bytes",
            "unsent bytes above which a connection is not read from"),
        Row(
            "stallTimeout", \.stallTimeout, 1...3600, "seconds",
            "seconds without progress after which a reader that does not read is closed"),
        Row("maxConnections", \.maximumConnections, 1...65_536, "connections", "connections at once"),
        Row(
            "maxConnectionsPerUser", \.maximumConnectionsPerUser, 1...65_536, "connections",
            "connections of one Unix user at once"),
        Row("maxQueuedWrites", \.maximumQueuedWrites, 1...1_048_576, "writes", "writes that wait for their commit"),
        Row("drainTimeout", \.drainTimeout, 1...3600, "seconds", "seconds that a stop may take"),
    ]
}
