/// Since when the wall clock and the time since the machine's start have agreed. While they do, nobody has set the clock;
/// who starts with a wrong one has a day to notice it before anything is done that cannot be undone. Pure.
package struct ClockAgreement: Sendable, Equatable {
    /// How long they must have agreed, in seconds.
    package static let required: Int64 = 86_400
    /// Steps of the wall clock that matter to nobody who counts in days, in milliseconds.
    package static let tolerance: Int64 = 60_000

    /// What the wall clock showed when the machine started, as the two say: it changes when somebody sets the clock, and
    /// with each start of the machine.
    package var startedAt: Timestamp
    package var since: Timestamp

    package init(startedAt: Timestamp, since: Timestamp) {
        self.startedAt = startedAt
        self.since = since
    }

    /// - Parameters:
    ///   - known: what was found the last time.
    ///   - uptime: milliseconds since the machine's start, those in which it slept among them.
    package init(after known: ClockAgreement?, now: Timestamp, uptime: Int64) {
        self.init(startedAt: now.adding(milliseconds: 0 &- uptime), since: now)
        guard let known, known.since <= now else { return }
        let step = startedAt.milliseconds(since: known.startedAt)
        if (-Self.tolerance...Self.tolerance).contains(step) { self = known }
    }

    /// When they will have agreed for long enough.
    package var provenAt: Timestamp { since.adding(seconds: Self.required) }
}
