/// Where a value or a member name stands in the text. 12 bytes, because a text may have a token for every 2 of its bytes.
struct JSONToken: Sendable {
    /// The longest text: the topmost bit of `end` is taken.
    static let maximumOffset = Int(UInt32.max >> 1)
    private static let escapeBit: UInt32 = 1 << 31

    private let startOffset: UInt32
    private var endAndEscapes: UInt32
    private var nextIndex: UInt32

    /// Offsets and indices are within `maximumOffset`, which the scanner checks once for the whole text.
    init(start: Int, end: Int, hasEscapes: Bool = false, next: Int) {
        startOffset = UInt32(truncatingIfNeeded: start)
        endAndEscapes = UInt32(truncatingIfNeeded: end) | (hasEscapes ? Self.escapeBit : 0)
        nextIndex = UInt32(truncatingIfNeeded: next)
    }

    /// The first byte: the opening quotation mark of a string, the bracket of a container.
    var start: Int { Int(startOffset) }

    /// One past the last byte, brackets and quotation marks included.
    var end: Int {
        get { Int(endAndEscapes & ~Self.escapeBit) }
        set { endAndEscapes = UInt32(truncatingIfNeeded: newValue) | (endAndEscapes & Self.escapeBit) }
    }

    /// A string in which a backslash occurs.
    var hasEscapes: Bool { endAndEscapes & Self.escapeBit != 0 }

    /// The index of the first token that does not belong to this value. While a container is open: the index of
    /// the container around it, which spares the scanner a stack.
    var next: Int {
        get { Int(nextIndex) }
        set { nextIndex = UInt32(truncatingIfNeeded: newValue) }
    }

    /// The bytes between the quotation marks of a string.
    var content: Range<Int> { (start &+ 1)..<max(start &+ 1, end &- 1) }
}
