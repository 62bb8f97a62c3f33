internal import LifecycleCore

/// A row of a table that can be imported, and the rule that writes it.
protocol ImportedRow: Sendable {
    /// The columns that the file must have.
    static var columns: [String] { get }
    /// - Returns: nil when something is wrong, which the reader then knows.
    init?(_ reader: inout RowReader, now: Timestamp)
    /// Rows are written in this order; those that are equal in the file's.
    var order: Timestamp { get }
    /// Writes the row, unless an earlier run did.
    /// - Returns: why it cannot be, and then nothing of it was written.
    func write(in store: any WriteTransaction, _ run: inout ImportRun) throws(RPCError) -> RowRefusal?
}

/// Why the ledger does not take a row.
struct RowRefusal: Sendable, Equatable {
    let field: String
    let reason: String

    init(_ field: String, _ reason: String) {
        self.field = field
        self.reason = reason
    }

    static func twice(_ field: String) -> Self { Self(field, "stands in the file more than once") }
}

/// One run of an import: who does it, when, and what was done so far.
struct ImportRun: Sendable {
    let context: CallContext
    var summary: ImportSummary
    /// The first that this run wrote: ids grow.
    var firstEntry: Int64?
    var firstProject: Int64?

    init(_ context: CallContext, _ summary: ImportSummary) {
        self.context = context
        self.summary = summary
    }

    /// What the key of a row is made of, so that a second run finds it.
    static func key(_ id: String) -> String { "import:" + id }
}

extension ImportRun {
    /// The user's account, opened if there is none, with room for so many credits more; nil when there is not.
    mutating func account(
        of userId: String, for credits: Int64, in store: any WriteTransaction
    ) throws(RPCError) -> Account? {
        if let known = try store.account(of: userId) {
            return credits <= Limits.largestInteger - known.granted ? known : nil
        }
        summary.users += 1
        return try store.openAccount(of: userId)
    }

    static let tooMany = "all that the user was ever given would be above \(Limits.largestInteger)"
}
