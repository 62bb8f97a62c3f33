/// The place of a value or a member name in the text. It takes only 12 bytes, because a text can have a token for every
/// 2 bytes.
struct JSONToken: Sendable {
    /// The longest text in bytes. The top bit of `end` has another use.
    static let maximumOffset = Int(UInt32.max >> 1)
    private static let escapeBit: UInt32 = 1 << 31

    private let startOffset: UInt32
    private var endAndEscapes: UInt32
    private var nextIndex: UInt32

    /// Offsets and indices must be within `maximumOffset`. The scanner checks that once for the whole text.
    init(start: Int, end: Int, hasEscapes: Bool = false, next: Int) {
        startOffset = UInt32(truncatingIfNeeded: start)
        endAndEscapes = UInt32(truncatingIfNeeded: end) | (hasEscapes ? Self.escapeBit : 0)
        nextIndex = UInt32(truncatingIfNeeded: next)
    }

    /// The offset of the first byte, for example the quotation mark of a string or the bracket of a container.
    var start: Int { Int(startOffset) }

    /// The offset after the last byte, including brackets and quotation marks.
    var end: Int {
        get { Int(endAndEscapes & ~Self.escapeBit) }
        set { endAndEscapes = UInt32(truncatingIfNeeded: newValue) | (endAndEscapes & Self.escapeBit) }
    }

    /// The string contains a backslash.
    var hasEscapes: Bool { endAndEscapes & Self.escapeBit != 0 }

    /// The index of the first token after this value. While a container is open, the index of the container around it,
    /// so that the scanner needs no stack.
    var next: Int {
        get { Int(nextIndex) }
        set { nextIndex = UInt32(truncatingIfNeeded: newValue) }
    }

    /// The bytes between the quotation marks of a string.
    var content: Range<Int> { (start &+ 1)..<max(start &+ 1, end &- 1) }
}
