internal import LifecycleCore

/// A user's balance in the old system.
struct ImportedUser: ImportedRow {
    static let columns = ["userId", "credits"]

    let userId: String
    let credits: Int64

    init?(_ reader: inout RowReader, now: Timestamp) {
        let userId = reader.text(0, .userID)
        let credits = reader.credits(1)
        guard let userId, let credits else { return nil }
        self.userId = userId
        self.credits = credits
    }

    var order: Timestamp { Timestamp(milliseconds: 0) }

    /// Writes a grant, or an adjustment by 0 for zero credits, so that every row leaves its key in the ledger.
    func write(in store: WriteTransaction, _ run: inout ImportRun) throws(RPCError) -> RowRefusal? {
        let key = ImportRun.key(userId)
        if let earlier = try store.request(of: userId, key: key) { return refusal(earlier, &run) }
        guard let account = try run.account(of: userId, for: credits, in: store) else {
            return RowRefusal("credits", ImportRun.tooMany)
        }
        let context = run.context
        let isGrant = credits > 0
        let entry = try store.post(
            NewEntry(
                account: account, kind: isGrant ? .grant : .adjustment, credits: credits, reason: "import",
                idempotencyKey: key),
            at: context.now)
        run.firstEntry = run.firstEntry ?? entry.entryId
        try store.record(
            NewEvent(
                isGrant ? .granted : .adjusted, of: account, credits: credits, detail: "\(credits) credits: import"),
            by: context.caller, at: context.now)
        run.summary.written += 1
        run.summary.add(\.creditsGranted, credits)
        return nil
    }

    private func refusal(_ earlier: EarlierRequest, _ run: inout ImportRun) -> RowRefusal? {
        guard case .entry(let entry) = earlier, entry.reason.hasSameBytes(as: "import") else {
            return RowRefusal("userId", "the key \(ImportRun.key(userId)) was used for another request")
        }
        if let first = run.firstEntry, entry.entryId >= first { return .twice("userId") }
        guard entry.credits == credits else {
            return RowRefusal("credits", "is \(credits), and was imported before with \(entry.credits)")
        }
        run.summary.alreadyImported += 1
        return nil
    }
}
