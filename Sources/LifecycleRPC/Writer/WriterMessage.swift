internal import LifecycleCore

/// A message from another thread to the writer.
enum WriterMessage: Sendable {
    case write([WriteJob])
    /// Asks whether the thread and its files are in order.
    case check(@Sendable () -> Void)
    /// Asks to expire these projects and then to call back.
    case expire(Due, @Sendable () -> Void)
    /// A timer has fired; `nil` if a test has moved the clock.
    case wakeUp(WakeUps.ID?)
    /// The event loop answers `LoopQuestion`.
    case loopRuns
    /// Asks to close. At the given time the writer gives up the work that still waits.
    case close(by: ContinuousClock.Instant, @Sendable (StorageError?) -> Void)
}
