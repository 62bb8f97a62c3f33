/// How long each part of a stop may take, so that all of it is over in time. Pure.
package struct StopTimes: Sendable, Equatable {
    /// Until then what was read is answered; then the connections are closed.
    package let drained: ContinuousClock.Instant
    /// Until then the writes that were received are carried out; then the database is closed.
    package let written: ContinuousClock.Instant
    /// Then the process ends, whatever it does.
    package let ended: ContinuousClock.Instant

    /// - Parameter seconds: the drain timeout. A third of it, two seconds at most, is for the last writes and for closing
    ///   the database.
    package init(_ seconds: Int64, from start: ContinuousClock.Instant) {
        let all = Duration.seconds(seconds)
        let closing = min(all / 3, .seconds(2))
        drained = start + (all - closing)
        written = start + (all - closing * 2 / 3)
        ended = start + all
    }
}
