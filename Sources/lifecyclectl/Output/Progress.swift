/// A progress line on standard error, which is written over itself. Only on a terminal.
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

    /// Erases the line. Nothing more is shown after that.
    mutating func clear() {
        if isShown, count > 0 { StandardError.write("\r\u{1B}[K") }
        isShown = false
    }
}
