/// The time limits of the parts of a stop. A pure value.
package struct StopTimes: Sendable, Equatable {
    /// Requests are answered until this time. Then the connections are closed.
    package let drained: ContinuousClock.Instant
    /// Writes are carried out until this time. Then the database is closed.
    package let written: ContinuousClock.Instant
    /// The process ends at this time in any case.
    package let ended: ContinuousClock.Instant

    /// - Parameter seconds: the drain timeout. A third of it, at most 2 seconds, is for the last writes and for closing
    ///   the database.
    package init(_ seconds: Int64, from start: ContinuousClock.Instant) {
        let all = Duration.seconds(seconds)
        let closing = min(all / 3, .seconds(2))
        drained = start + (all - closing)
        written = start + (all - closing * 2 / 3)
        ended = start + all
    }
}
