internal import LifecycleCore

/// The closures by which the writer reports events and uses the event loop. The writer's thread calls them; other
/// threads call `deliver` only.
struct WriterObserver: Sendable {
    /// Runs completions on the thread of their callers.
    var deliver: @Sendable (@escaping @Sendable () -> Void) -> Void
    /// Called after every commit group, for the metrics.
    var onCommitGroup: @Sendable (_ jobs: Int, _ took: Duration) -> Void
    /// Called with every storage error. After a fatal one no write is acknowledged.
    var onError: @Sendable (StorageError) -> Void
    /// Called with the events of expired projects.
    var onExpiry: @Sendable ([NewEvent]) -> Void
    /// Called with the number of the newest durable event.
    var onCommit: @Sendable (Int64) -> Void
    /// Starts a timer. It may call back on any thread.
    var schedule: @Sendable (Duration, @escaping @Sendable () -> Void) -> Void
}
