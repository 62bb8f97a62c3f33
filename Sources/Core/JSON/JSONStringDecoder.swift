/// Decodes a scanned JSON string to UTF-8, byte by byte and without an allocation.
struct JSONStringDecoder {
    private var position: Int
    private let end: Int
    /// The rest of a decoded scalar. Its next byte is the lowest byte.
    private var pending: UInt32 = 0

    /// - Parameter content: the bytes between the quotation marks of a string that the scanner has accepted.
    init(_ content: Range<Int>) {
        position = content.lowerBound
        end = content.upperBound
    }

    mutating func next(in text: Span<UInt8>) -> UInt8? {
        if pending != 0 {
            defer { pending >>= 8 }
            return UInt8(truncatingIfNeeded: pending)
        }
        guard position < end else { return nil }
        let byte = text[position]
        position &+= 1
        return byte == UInt8(ascii: "\\") ? decodeEscape(text) : byte
    }

    private mutating func decodeEscape(_ text: Span<UInt8>) -> UInt8? {
        guard position < end else { return nil }
        let byte = text[position]
        position &+= 1
        switch byte {
        case UInt8(ascii: "b"): return 0x08
        case UInt8(ascii: "f"): return 0x0C
        case UInt8(ascii: "n"): return 0x0A
        case UInt8(ascii: "r"): return 0x0D
        case UInt8(ascii: "t"): return 0x09
        case UInt8(ascii: "u"): return decodeScalar(text)
        default: return byte
        }
    }

    private mutating func decodeScalar(_ text: Span<UInt8>) -> UInt8? {
        var scalar = UInt32(decodeUnit(text))
        if UTF16.isLeadSurrogate(UInt16(truncatingIfNeeded: scalar)) {
            position &+= 2  // The scanner has checked that \u and a trail surrogate follow.
            scalar = 0x10000 &+ ((scalar & 0x3FF) << 10 | UInt32(decodeUnit(text)) & 0x3FF)
        }
        let tail = { (shift: UInt32) in 0x80 | (scalar >> shift) & 0x3F }
        switch scalar {
        case ..<0x80:
            return UInt8(truncatingIfNeeded: scalar)
        case ..<0x800:
            pending = tail(0)
            return UInt8(truncatingIfNeeded: 0xC0 | scalar >> 6)
        case ..<0x10000:
            pending = tail(6) | tail(0) << 8
            return UInt8(truncatingIfNeeded: 0xE0 | scalar >> 12)
        default:
            pending = tail(12) | tail(6) << 8 | tail(0) << 16
            return UInt8(truncatingIfNeeded: 0xF0 | scalar >> 18)
        }
    }

    private mutating func decodeUnit(_ text: Span<UInt8>) -> UInt16 {
        var unit: UInt16 = 0
        for _ in 0..<4 where position < end {
            unit = unit << 4 | (Self.hexDigit(text[position]) ?? 0)
            position &+= 1
        }
        return unit
    }

    static func hexDigit(_ byte: UInt8) -> UInt16? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt16(byte &- UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt16(byte &- UInt8(ascii: "a") &+ 10)
        case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt16(byte &- UInt8(ascii: "A") &+ 10)
        default: nil
        }
    }
}
