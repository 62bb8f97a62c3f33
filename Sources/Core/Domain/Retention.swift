/// Removes the history, name, metadata and messages of projects that ended long ago. Their credits, their verdict and
/// their idempotency keys are kept for ever.
package enum Retention {
    /// The maximum number of projects that one transaction trims, so that it does not delay other requests.
    package static let batch = 500
    /// The number of projects that one transaction reads.
    package static let window: Int64 = 5000
    /// The error message of a failed project, which must have one, after its message was removed.
    package static let removedMessage = "removed by retention"
    /// In days. If the newest event is older, the clock is probably wrong, and a removal could not be undone.
    package static let longestSilence: Int64 = 30

    /// The result of one transaction.
    package struct Step: Sendable, Equatable {
        /// The number of projects of which something was removed.
        package var trimmed: Int
        /// The next transaction continues after this row. `nil` if this was the last.
        package var next: Int64?
        /// Nothing was removed, because the clock is far beyond this time of the newest event that is at least a day
        /// old.
        package var silentSince: Timestamp?
        /// Nothing was removed, because the clocks have not yet agreed for one day.
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

    /// Runs in one transaction.
    /// - Parameters:
    ///   - days: of 24 hours. Projects that ended, and rows that were written, within these days are kept.
    ///   - row: begins after this project. 0 for the first transaction.
    package static func run(
        in transaction: WriteTransaction, _ context: CallContext, keepDays days: Int64, after row: Int64
    ) throws(RPCError) -> Step {
        let (seconds, overflow) = days.multipliedReportingOverflow(by: day)
        guard days > 0, !overflow else { return Step(trimmed: 0, next: nil) }
        if row == 0, let newest = try newestAgedEvent(in: transaction, at: context.now),
            newest.adding(seconds: longestSilence * day) < context.now
        {
            return Step(trimmed: 0, next: nil, silentSince: newest)
        }
        // Checked in each transaction, because somebody may set the clock in between.
        let agreement = try transaction.clockAgreement(at: context.now)
        if agreement.left > 0 {
            return Step(trimmed: 0, next: nil, waitsFor: agreement)
        }
        return try transaction.trimProjects(
            finishedBefore: context.now.adding(seconds: -seconds), after: row, at: context.now)
    }

    private static let day: Int64 = 86_400

    /// The time of the newest event that is at least one day old. Newer events prove nothing about the clock, because a
    /// daemon that starts with a wrong clock writes events at once. This is a binary search, because times grow with
    /// the numbers of events unless the clock went back.
    private static func newestAgedEvent(
        in transaction: WriteTransaction, at now: Timestamp
    ) throws(RPCError) -> Timestamp? {
        let aged = now.adding(seconds: -day)
        var found: Timestamp?
        var (low, high) = (Int64(0), try transaction.newestSeq() &+ 1)
        while high &- low > 1 {
            let middle = low &+ (high &- low) / 2
            let event = try transaction.events(EventFilter(), after: middle &- 1, limit: 1).last
            guard let event, event.seq < high, event.at <= aged || event.at > now else {
                high = middle
                continue
            }
            // An event in the future was written while the clock was wrong.
            if event.at <= aged { found = event.at }
            low = event.seq
        }
        return found
    }
}
