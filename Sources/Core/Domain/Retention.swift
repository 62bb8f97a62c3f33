/// What is forgotten of projects that ended long ago: their history, name, metadata and messages. What they cost, what
/// became of that, and the keys that they were created with stay for ever.
package enum Retention {
    /// Projects of one transaction, and events of projects that were trimmed before, so that it never holds up other callers.
    package static let batch = 500
    /// Projects looked at in one transaction.
    package static let window: Int64 = 5000
    /// Stands for the error message of a failed project, which must have one.
    package static let removedMessage = "removed by retention"
    /// The newest event may be so many days old, or as many as history is kept for if those are fewer: when nothing at all
    /// has happened for longer, most likely the clock is wrong.
    package static let longestSilence: Int64 = 30

    /// What one transaction did.
    package struct Step: Sendable, Equatable {
        /// Projects of which something was removed.
        package var trimmed: Int
        /// The row to go on behind; nil: all were looked at.
        package var next: Int64?
        /// Why nothing was removed, whatever there was.
        package var held: Hold?

        package init(trimmed: Int, next: Int64?, held: Hold? = nil) {
            self.trimmed = trimmed
            self.next = next
            self.held = held
        }
    }

    /// A clock that cannot be trusted yet with what cannot be undone.
    package enum Hold: Sendable, Equatable {
        /// It has to agree with the time that passes until then.
        case unproven(until: Timestamp)
        /// It is far beyond the newest event.
        case silence(since: Timestamp)
    }

    /// Does one transaction's share.
    /// - Parameters:
    ///   - days: of 24 hours; what ended, or was written, in the last ones of them is kept.
    ///   - row: from behind which project on; 0 to begin with.
    ///   - uptime: see `ClockAgreement`.
    package static func run(
        in store: any WriteTransaction, _ context: CallContext, keepDays days: Int64, after row: Int64, uptime: Int64
    ) throws(RPCError) -> Step {
        let (seconds, overflow) = days.multipliedReportingOverflow(by: 86_400)
        guard days > 0, !overflow else { return Step(trimmed: 0, next: nil) }
        if let hold = try hold(in: store, context, keepDays: days, uptime: uptime) {
            return Step(trimmed: 0, next: nil, held: hold)
        }
        return try store.trimProjects(
            finishedBefore: context.now.adding(seconds: -seconds), after: row, at: context.now)
    }

    private static func hold(
        in store: any WriteTransaction, _ context: CallContext, keepDays days: Int64, uptime: Int64
    ) throws(RPCError) -> Hold? {
        let now = context.now
        let known = try store.clockAgreement()
        let agreement = ClockAgreement(after: known, now: now, uptime: uptime)
        if agreement != known { try store.keep(agreement) }
        if agreement.provenAt > now { return .unproven(until: agreement.provenAt) }
        // The newest event is never removed.
        let newest = try store.events(EventFilter(), after: try store.newestSeq() &- 1, limit: 1).last
        guard let newest, newest.at.adding(seconds: min(days, longestSilence) * 86_400) < now else { return nil }
        return .silence(since: newest.at)
    }
}

extension Retention.Hold: CustomStringConvertible {
    package var description: String {
        switch self {
        case .unproven(let end):
            "until \(end) it is not known that the clock is right: it has to go on for a day without being set"
        case .silence(let newest):
            "the clock is far beyond the newest event, of \(newest): it is wrong, or nobody uses the daemon"
        }
    }
}
