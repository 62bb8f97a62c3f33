/// Every limit of the daemon, with its default. All are shown by `rpc.discover` and can be set by a flag or the
/// environment.
package struct Limits: Sendable, Equatable {
    /// The largest whole number that every JSON parser keeps exact (I-JSON, RFC 7493): 2^53 − 1.
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
    /// Name, value and meaning of each, as `rpc.discover` shows them.
    package var table: [(name: String, value: Int64, meaning: String)] {
        [
            ("maxProjectCredits", maximumProjectCredits, "credits that one project may cost"),
            ("startTimeout", startTimeout, "seconds from creation to the first report, when the request names none"),
            ("lease", lease, "seconds from one report to the next, when the request names none"),
            ("maxRuntime", maximumRuntime, "seconds from creation to the end, when the request names none"),
            ("detachGrace", detachGrace, "seconds from the end of the connection that holds a lease to the failure"),
            ("longestStartTimeout", longestStartTimeout, "seconds that startTimeout may be set to"),
            ("longestLease", longestLease, "seconds that lease may be set to"),
            ("longestRuntime", longestRuntime, "seconds that maxRuntime may be set to"),
            ("maxLineBytes", Int64(maximumLineBytes), "bytes of a request line"),
            ("maxReplyBytes", Int64(maximumReplyBytes), "bytes of a reply line"),
            ("maxBatch", Int64(maximumBatch), "requests in a batch"),
            ("maxDepth", Int64(maximumDepth), "levels of nesting in a request"),
            ("maxUnsentBytes", Int64(maximumUnsentBytes), "unsent bytes above which a connection is not read from"),
            (
                "stallTimeout", stallTimeout,
                "seconds without progress after which a reader that does not read is closed"
            ),
            ("maxConnections", Int64(maximumConnections), "connections at once"),
            ("maxConnectionsPerUser", Int64(maximumConnectionsPerUser), "connections of one Unix user at once"),
            ("maxQueuedWrites", Int64(maximumQueuedWrites), "writes that wait for their commit"),
            ("drainTimeout", drainTimeout, "seconds that a stop may take"),
        ]
    }
}
