/// An idempotency key that a visitor has chosen. In the ledger it has a prefix, so that it can never be one of the
/// app's own keys, which are in the same namespace: the user's.
struct VisitorKey: Sendable {
    /// The ledger takes 255 bytes.
    static let longest = 240

    let text: String

    init?(_ text: String) {
        guard (1...Self.longest).contains(text.utf8.count) else { return nil }
        self.text = text
    }

    /// As the ledger has it.
    var inLedger: String { "visitor:" + text }
}
