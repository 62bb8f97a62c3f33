internal import HashTreeCollections
internal import LifecycleCore

/// The ledger as a value: what the database's tables are to the daemon. All collections are persistent, so that a copy
/// costs nothing and shares all that does not change: a transaction works on a copy, and to roll back is to forget it.
///
/// Rows count from 1 without gaps, as the database's do. What belongs to one user or one project is chained from the
/// newest to the oldest.
package struct InMemoryStore: Sendable {
    var accounts = TreeDictionary<Int64, AccountRow>()
    var projects = TreeDictionary<Int64, ProjectRow>()
    var entries = TreeDictionary<Int64, EntryRow>()
    var events = TreeDictionary<Int64, EventRow>()
    /// The last event's number: some of those before may be gone.
    var newestSeq: Int64 = 0

    var accountsByUser = TreeDictionary<UTF8Key, Int64>()
    var projectsByID = TreeDictionary<ProjectID, Int64>()
    var projectsByExternalID = TreeDictionary<UTF8Key, Int64>()
    var projectsByKey = TreeDictionary<IdempotencyKey, Int64>()
    var entriesByKey = TreeDictionary<IdempotencyKey, Int64>()
    var deadlines = DeadlineIndex()

    package init() {}

    struct AccountRow: Sendable {
        let row: Int64
        let userId: String
        var available: Int64 = 0
        var granted: Int64 = 0
        /// By status, so that statistics need no scan.
        var totals = Totals()
        var newestProject: Int64?
        var newestEntry: Int64?

        /// Held credits are part of the granted ones: the sum cannot overflow.
        var account: Account {
            Account(
                row: row,
                balance: Balance(
                    userId: userId, available: available, held: totals.pending.credits + totals.processing.credits),
                granted: granted)
        }
    }

    struct ProjectRow: Sendable {
        private var shared: Shared<StoredProject>
        let charge: Int64
        /// The capture or the refund.
        var outcome: Int64?
        var newestEvent: Int64?
        /// The same user's.
        let previous: Int64?

        var stored: StoredProject {
            get { shared.value }
            set { shared = Shared(newValue) }
        }

        init(_ stored: StoredProject, charge: Int64, previous: Int64?) {
            shared = Shared(stored)
            self.charge = charge
            self.previous = previous
        }
    }

    struct EntryRow: Sendable {
        private var shared: Shared<Entry>
        let account: Int64
        let project: Int64?
        /// The same user's.
        let previous: Int64?

        var entry: Entry {
            get { shared.value }
            set { shared = Shared(newValue) }
        }

        init(_ entry: Entry, account: Int64, project: Int64?, previous: Int64?) {
            shared = Shared(entry)
            self.account = account
            self.project = project
            self.previous = previous
        }
    }

    struct EventRow: Sendable {
        private let shared: Shared<Event>
        let project: Int64?
        /// The same project's.
        let previous: Int64?

        var event: Event { shared.value }

        init(_ event: Event, project: Int64?, previous: Int64?) {
            shared = Shared(event)
            self.project = project
            self.previous = previous
        }
    }

    /// A large value behind a reference: a change copies its neighbours in the tree, which should be short then.
    private final class Shared<Value: Sendable>: Sendable {
        let value: Value
        init(_ value: Value) { self.value = value }
    }
}

extension RPCError {
    /// What the database's constraints and triggers answer: rules check first, so it is a bug of theirs.
    static let brokenRule = internalError("the ledger refused a change that breaks its rules")
}

extension Int64 {
    /// - Throws: where it overflows.
    func adding(_ other: Int64) throws(RPCError) -> Int64 {
        let (sum, overflow) = addingReportingOverflow(other)
        guard !overflow else { throw .brokenRule }
        return sum
    }

    /// The time from an earlier moment, in milliseconds; 0 when the clock went back.
    static func milliseconds(from start: Timestamp, to end: Timestamp) -> Int64 {
        let (time, overflow) = end.milliseconds.subtractingReportingOverflow(start.milliseconds)
        return end < start ? 0 : overflow ? .max : time
    }
}
