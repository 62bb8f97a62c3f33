/// What is forgotten of projects that ended long ago: their history, name, metadata and messages. What they cost, what
/// became of that, and the keys that they were created with stay for ever.
package enum Retention {
    /// Projects of one transaction, so that it never holds up other callers.
    package static let batch = 500
    /// Projects looked at in one transaction.
    package static let window: Int64 = 5000
    /// Stands for the error message of a failed project, which must have one.
    package static let removedMessage = "removed by retention"
    /// In days: when nothing at all has happened for longer, most likely the clock is wrong, and what it would remove is gone
    /// for good.
    package static let longestSilence: Int64 = 30

    /// What one transaction did.
    package struct Step: Sendable, Equatable {
        /// Projects of which something was removed.
        package var trimmed: Int
        /// The row to go on behind; nil: all were looked at.
        package var next: Int64?
        /// Why nothing was removed, whatever there was: the clock is far beyond the newest event that a day has passed since.
        package var silentSince: Timestamp?
        /// Why nothing was removed: nobody has seen for a day that the clock is right.
        package var waitsFor: ClockAgreement?

        package init(
            trimmed: Int, next: Int64?, silentSince: Timestamp? = nil, waitsFor: ClockAgreement? = nil
        ) {
            self.trimmed = trimmed
            self.next = next
            self.silentSince = silentSince
            self.waitsFor = waitsFor
        }
    }

    /// Does one transaction's share.
    /// - Parameters:
    ///   - days: of 24 hours; what ended, or was written, in the last ones of them is kept.
    ///   - row: from behind which project on; 0 to begin with.
    package static func run(
        in store: any WriteTransaction, _ context: CallContext, keepDays days: Int64, after row: Int64
    ) throws(RPCError) -> Step {
        let (seconds, overflow) = days.multipliedReportingOverflow(by: day)
        guard days > 0, !overflow else { return Step(trimmed: 0, next: nil) }
        if row == 0, let newest = try newestAgedEvent(in: store, at: context.now),
            newest.adding(seconds: longestSilence * day) < context.now
        {
            return Step(trimmed: 0, next: nil, silentSince: newest)
        }
        // In each transaction, as the clock may be set in between.
        if let agreement = try store.clockAgreement(at: context.now), agreement.left > 0 {
            return Step(trimmed: 0, next: nil, waitsFor: agreement)
        }
        return try store.trimProjects(
            finishedBefore: context.now.adding(seconds: -seconds), after: row, at: context.now)
    }

    private static let day: Int64 = 86_400

    /// When the newest event was written that is a day old. Younger ones say nothing of the clock: the daemon itself writes
    /// some as soon as it starts with a wrong one. Found by halves, as times grow with the numbers unless the clock went back.
    private static func newestAgedEvent(
        in store: any WriteTransaction, at now: Timestamp
    ) throws(RPCError) -> Timestamp? {
        let aged = now.adding(seconds: -day)
        var found: Timestamp?
        var (low, high) = (Int64(0), try store.newestSeq() &+ 1)
        while high &- low > 1 {
            let middle = low &+ (high &- low) / 2
            let event = try store.events(EventFilter(), after: middle &- 1, limit: 1).last
            guard let event, event.seq < high, event.at <= aged || event.at > now else {
                high = middle
                continue
            }
            // What is in the future was written while the clock was wrong.
            if event.at <= aged { found = event.at }
            low = event.seq
        }
        return found
    }
}
