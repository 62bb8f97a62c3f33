/// The result of a grant or an adjustment.
public struct PostedEntry: Sendable {
    public var balance: Balance
    public var entry: Entry
    /// The key was used before, and this is the entry that was written then.
    public var replayed: Bool
}

extension PostedEntry: Message {
    package static let title: String? = "PostedEntry"
    package static let note = "The entry that was written, and the user's credits after it."
    package static var blank: Self { Self(balance: .blank, entry: .blank, replayed: false) }

    package mutating func visit(_ fields: inout some FieldVisitor) throws(RPCError) {
        try fields.required("balance", &balance, "The user's credits after the request.")
        try fields.required("entry", &entry, "The entry of the ledger.")
        try fields.required("replayed", &replayed, "Whether the key was used before. If so, no credits moved now.")
    }
}

/// The rule that `grantCredits` and `adjustCredits` share. They differ in the kind of the entry and in its range.
struct AccountPosting {
    let kind: Entry.Kind
    let event: Event.Kind
    let userId: String
    let credits: Int64
    let reason: String
    let idempotencyKey: String?
    let allowed: ClosedRange<Int64>

    func run(in transaction: WriteTransaction, _ context: CallContext) throws(RPCError) -> PostedEntry {
        if let idempotencyKey, let earlier = try transaction.request(of: userId, key: idempotencyKey) {
            return try replay(earlier, in: transaction)
        }
        guard allowed.contains(credits) else { throw .amountOutOfRange("credits", credits, allowed: allowed) }
        let known = try transaction.account(of: userId)
        let before = known?.balance ?? Balance(userId: userId, available: 0, held: 0)
        // Both are within ±2^53, so the sum cannot overflow.
        guard before.available + credits >= 0 else {
            throw .insufficientCredits(available: before.available, required: -credits)
        }
        // `granted` is the sum of all grants and adjustments, including spent credits. It must stay below 2^53.
        let room = Limits.largestInteger - (known?.granted ?? 0)
        guard credits <= room else {
            throw .amountOutOfRange("credits", credits, allowed: min(allowed.lowerBound, room)...room)
        }
        let account = if let known { known } else { try transaction.openAccount(of: userId) }
        let entry = try transaction.post(
            NewEntry(
                account: account, kind: kind, credits: credits, reason: reason, idempotencyKey: idempotencyKey),
            at: context.now)
        try transaction.record(
            NewEvent(event, of: account, credits: credits, detail: "\(credits) credits: \(reason)"), by: context.caller,
            at: context.now)
        return PostedEntry(balance: try transaction.balance(of: userId), entry: entry, replayed: false)
    }

    private func replay(_ earlier: EarlierRequest, in transaction: WriteTransaction) throws(RPCError) -> PostedEntry {
        guard case .entry(let entry) = earlier, entry.kind == kind else {
            throw .idempotencyConflict("The key was used for another method", differs: ["method"])
        }
        var differs: [String] = []
        if entry.credits != credits { differs.append("credits") }
        if !entry.reason.hasSameBytes(as: reason) { differs.append("reason") }
        guard differs.isEmpty else {
            throw .idempotencyConflict("The key was used for a request with other parameters", differs: differs)
        }
        return PostedEntry(balance: try transaction.balance(of: userId), entry: entry, replayed: true)
    }
}
