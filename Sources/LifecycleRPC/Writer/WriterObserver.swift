internal import LifecycleCore
internal import LifecycleSQLite

/// What the writer tells and asks of its surroundings, on its thread.
struct WriterObserver: Sendable {
    /// Runs completions where the callers live.
    var deliver: @Sendable (@escaping @Sendable () -> Void) -> Void
    /// Told of every commit group, for the metrics.
    var onCommitGroup: @Sendable (_ jobs: Int, _ took: Duration) -> Void
    /// Told what storage said; after a fatal error no write is acknowledged.
    var onError: @Sendable (StorageError) -> Void
    /// Told what was expired.
    var onExpiry: @Sendable ([NewEvent]) -> Void
    /// Told the number of the newest durable event.
    var onCommit: @Sendable (Int64) -> Void
    /// Starts a timer that calls back, on any thread.
    var schedule: @Sendable (Duration, @escaping @Sendable () -> Void) -> Void
}
