internal import ArgumentParser
internal import LifecycleRPC

/// One flag for each limit. They are text, so that a bad flag and a bad variable are refused in the same words.
struct LimitOptions: ParsableArguments {
    @Option(help: .limit("maxProjectCredits")) var maxProjectCredits: String?
    @Option(help: .limit("startTimeout")) var startTimeout: String?
    @Option(help: .limit("lease")) var lease: String?
    @Option(help: .limit("maxRuntime")) var maxRuntime: String?
    @Option(help: .limit("detachGrace")) var detachGrace: String?
    @Option(help: .limit("longestStartTimeout")) var longestStartTimeout: String?
    @Option(help: .limit("longestLease")) var longestLease: String?
    @Option(help: .limit("longestRuntime")) var longestRuntime: String?
    @Option(help: .limit("maxLineBytes")) var maxLineBytes: String?
    @Option(help: .limit("maxReplyBytes")) var maxReplyBytes: String?
    @Option(help: .limit("maxBatch")) var maxBatch: String?
    @Option(help: .limit("maxDepth")) var maxDepth: String?
    @Option(help: .limit("maxUnsentBytes")) var maxUnsentBytes: String?
    @Option(help: .limit("stallTimeout")) var stallTimeout: String?
    @Option(help: .limit("maxConnections")) var maxConnections: String?
    @Option(help: .limit("maxConnectionsPerUser")) var maxConnectionsPerUser: String?
    @Option(help: .limit("maxQueuedWrites")) var maxQueuedWrites: String?
    @Option(help: .limit("drainTimeout")) var drainTimeout: String?

    /// By `Setting.name`.
    var given: [String: String?] {
        [
            "maxProjectCredits": maxProjectCredits,
            "startTimeout": startTimeout,
            "lease": lease,
            "maxRuntime": maxRuntime,
            "detachGrace": detachGrace,
            "longestStartTimeout": longestStartTimeout,
            "longestLease": longestLease,
            "longestRuntime": longestRuntime,
            "maxLineBytes": maxLineBytes,
            "maxReplyBytes": maxReplyBytes,
            "maxBatch": maxBatch,
            "maxDepth": maxDepth,
            "maxUnsentBytes": maxUnsentBytes,
            "stallTimeout": stallTimeout,
            "maxConnections": maxConnections,
            "maxConnectionsPerUser": maxConnectionsPerUser,
            "maxQueuedWrites": maxQueuedWrites,
            "drainTimeout": drainTimeout,
        ]
    }
}
