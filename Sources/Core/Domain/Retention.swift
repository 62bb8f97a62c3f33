/// What is forgotten of projects that ended long ago: their history, name, metadata and messages. What they cost, what
/// became of that, and the keys that they were created with stay for ever.
package enum Retention {
    /// Projects of one transaction, so that it never holds up other callers.
    package static let batch = 500
    /// Projects looked at in one transaction.
    package static let window: Int64 = 5000
    /// Stands for the error message of a failed project, which must have one.
    package static let removedMessage = "removed by retention"

    /// What one transaction did.
    package struct Step: Sendable, Equatable {
        /// Projects whose history was removed.
        package var trimmed: Int
        /// The row to go on behind; nil: all were looked at.
        package var next: Int64?

        package init(trimmed: Int, next: Int64?) {
            self.trimmed = trimmed
            self.next = next
        }
    }

    /// Does one transaction's share.
    /// - Parameters:
    ///   - days: of 24 hours; what ended in the last ones of them is kept whole.
    ///   - row: from behind which project on; 0 to begin with.
    package static func run(
        in store: any WriteTransaction, _ context: CallContext, keepDays days: Int64, after row: Int64
    ) throws(RPCError) -> Step {
        let (seconds, overflow) = days.multipliedReportingOverflow(by: 86_400)
        guard days > 0, !overflow else { return Step(trimmed: 0, next: nil) }
        return try store.trimProjects(
            finishedBefore: context.now.adding(seconds: -seconds), after: row, at: context.now)
    }
}
