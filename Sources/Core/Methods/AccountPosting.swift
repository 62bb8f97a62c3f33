/// A grant or an adjustment that was written.
public struct PostedEntry: Sendable {
    public var balance: Balance
    public var entry: Entry
    /// The key was used before: this is the entry that it made.
    public var replayed: Bool
}

extension PostedEntry: Message {
    package static let title: String? = "PostedEntry"
    package static let note = "The line that was written, and the user's credits afterwards."
    package static var blank: Self { Self(balance: .blank, entry: .blank, replayed: false) }

    package mutating func visit(_ fields: inout some FieldVisitor) throws(RPCError) {
        try fields.required("balance", &balance, "The user's credits afterwards.")
        try fields.required("entry", &entry, "The line of the ledger.")
        try fields.required("replayed", &replayed, "The key was used before; nothing moved now.")
    }
}

/// The rule that `grantCredits` and `adjustCredits` share: they differ in the kind of the entry and in its range.
struct AccountPosting {
    let kind: Entry.Kind
    let event: Event.Kind
    let userId: String
    let credits: Int64
    let reason: String
    let idempotencyKey: String?
    let allowed: ClosedRange<Int64>

    func run(in store: any WriteTransaction, _ context: CallContext) throws(RPCError) -> PostedEntry {
        if let idempotencyKey, let earlier = try store.request(of: userId, key: idempotencyKey) {
            return try replay(earlier, in: store)
        }
        guard allowed.contains(credits) else { throw .amountOutOfRange("credits", credits, allowed: allowed) }
        let known = try store.account(of: userId)
        let before = known?.balance ?? Balance(userId: userId, available: 0, held: 0)
        // All are within ±2^53, so the sums cannot overflow.
        guard before.available + credits >= 0 else {
            throw .insufficientCredits(available: before.available, required: -credits)
        }
        // All that was ever given, also what is spent: the ledger keeps that sum.
        let room = Limits.largestInteger - (known?.granted ?? 0)
        guard credits <= room else {
            throw .amountOutOfRange("credits", credits, allowed: min(allowed.lowerBound, room)...room)
        }
        let account = if let known { known } else { try store.openAccount(of: userId) }
        let entry = try store.post(
            NewEntry(
                account: account, kind: kind, credits: credits, reason: reason, idempotencyKey: idempotencyKey),
            at: context.now)
        try store.record(
            NewEvent(event, of: account, credits: credits, detail: "\(credits) credits: \(reason)"), by: context.caller,
            at: context.now)
        return PostedEntry(balance: try store.balance(of: userId), entry: entry, replayed: false)
    }

    private func replay(_ earlier: EarlierRequest, in store: any WriteTransaction) throws(RPCError) -> PostedEntry {
        guard case .entry(let entry) = earlier, entry.kind == kind else {
            throw .idempotencyConflict("The key was used for another method", differs: ["method"])
        }
        var differs: [String] = []
        if entry.credits != credits { differs.append("credits") }
        if !entry.reason.hasSameBytes(as: reason) { differs.append("reason") }
        guard differs.isEmpty else {
            throw .idempotencyConflict("The key was used for a request with other parameters", differs: differs)
        }
        return PostedEntry(balance: try store.balance(of: userId), entry: entry, replayed: true)
    }
}
