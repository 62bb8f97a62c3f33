internal import LifecycleCore

/// A text as a key: equal when its UTF-8 bytes are, as SQLite compares. `String` would take texts for equal that differ
/// only in normalisation.
struct UTF8Key: Hashable, Sendable {
    let text: String

    init(_ text: String) { self.text = text }

    static func == (a: Self, b: Self) -> Bool { a.text.hasSameBytes(as: b.text) }

    func hash(into hasher: inout Hasher) {
        var text = text
        text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }
}

/// An idempotency key: the user's, over all methods.
struct IdempotencyKey: Hashable, Sendable {
    let account: Int64
    let key: UTF8Key

    init(_ account: Int64, _ key: String) {
        self.account = account
        self.key = UTF8Key(key)
    }
}
