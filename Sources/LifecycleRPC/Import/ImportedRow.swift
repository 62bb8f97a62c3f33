internal import LifecycleCore

/// A row of a table that can be imported, and the rule that writes it.
protocol ImportedRow: Sendable {
    /// The columns that the file must have.
    static var columns: [String] { get }
    /// `nil` if the row has errors. They are then in `reader.errors`.
    init?(_ reader: inout RowReader, now: Timestamp)
    /// Rows are written in this order. Rows with the same value are written in the order of the file.
    var order: Timestamp { get }
    /// Writes the row, unless an earlier import has written it.
    /// - Returns: the reason if the ledger refuses the row. Nothing of it was written then.
    func write(in store: WriteTransaction, _ run: inout ImportRun) throws(RPCError) -> RowRefusal?
}

/// Why the ledger refuses a row.
struct RowRefusal: Sendable, Equatable {
    let field: String
    let reason: String

    init(_ field: String, _ reason: String) {
        self.field = field
        self.reason = reason
    }

    static func twice(_ field: String) -> Self { Self(field, "is in the file more than once") }
}

/// The state of an import.
struct ImportRun: Sendable {
    let context: CallContext
    var summary: ImportSummary
    /// The first entry and project that this import wrote. Later ones have greater numbers.
    var firstEntry: Int64?
    var firstProject: Int64?

    init(_ context: CallContext, _ summary: ImportSummary) {
        self.context = context
        self.summary = summary
    }

    /// The idempotency key of a row, by which a repeated import finds it.
    static func key(_ id: String) -> String { "import:" + id }
}

extension ImportRun {
    /// The user's account, which is opened if there is none. `nil` if it has no room for this number of credits.
    mutating func account(
        of userId: String, for credits: Int64, in store: WriteTransaction
    ) throws(RPCError) -> Account? {
        if let known = try store.account(of: userId) {
            return credits <= Limits.largestInteger - known.granted ? known : nil
        }
        summary.users += 1
        return try store.openAccount(of: userId)
    }

    static let tooMany = "the sum of all credits that the user was given would be above \(Limits.largestInteger)"
}
