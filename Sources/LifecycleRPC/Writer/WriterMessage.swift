internal import LifecycleCore
internal import LifecycleSQLite

/// What other threads send to the writer.
enum WriterMessage: Sendable {
    case write([WriteJob])
    /// "Are the thread and its files alive?"
    case check(@Sendable () -> Void)
    /// "Expire these projects, then call back."
    case expire(Due, @Sendable () -> Void)
    /// A timer has fired; nil: a test has moved the clock.
    case wakeUp(WakeUps.ID?)
    /// The event loop answers `LoopQuestion`.
    case loopRuns
    /// What waits at that time is given up.
    case close(by: ContinuousClock.Instant, @Sendable (StorageError?) -> Void)
}
