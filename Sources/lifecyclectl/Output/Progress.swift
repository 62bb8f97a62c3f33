/// A line on standard error, written again and again, that says how far it is; nothing unless that is a terminal.
struct Progress {
    private var isShown: Bool
    private let noun: String
    private var count = 0

    init(_ noun: String, isWanted: Bool) {
        self.noun = noun
        isShown = isWanted && Terminal.errors.isCapable
    }

    mutating func add(_ more: Int) {
        count += more
        if isShown { StandardError.write("\r\u{1B}[K\(count) \(noun) …") }
    }

    /// Takes the line away.
    mutating func clear() {
        if isShown, count > 0 { StandardError.write("\r\u{1B}[K") }
        isShown = false
    }
}
