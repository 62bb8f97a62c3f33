/// A project's id: a UUID of version 7 (RFC 9562). Later ids sort later, so an index on them only appends.
public struct ProjectID: Sendable, Hashable {
    package let high: UInt64
    package let low: UInt64

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// Reads the usual form: 36 hexadecimal digits and hyphens, in upper or lower case.
    public init?(_ text: some StringProtocol) {
        let id =
            text.utf8.withContiguousStorageIfAvailable { Self(utf8: $0.span) } ?? Self(utf8: Array(text.utf8).span)
        guard let id else { return nil }
        self = id
    }

    private init?(utf8 text: Span<UInt8>) {
        let hyphen = UInt8(ascii: "-")
        guard text.count == Self.textBytes,
            text[8] == hyphen, text[13] == hyphen, text[18] == hyphen, text[23] == hyphen,
            let first = Self.hexadecimal(text, 0..<8), let second = Self.hexadecimal(text, 9..<13),
            let third = Self.hexadecimal(text, 14..<18), let fourth = Self.hexadecimal(text, 19..<23),
            let last = Self.hexadecimal(text, 24..<36)
        else { return nil }
        self.init(high: first << 32 | second << 16 | third, low: fourth << 48 | last)
    }

    private static func hexadecimal(_ text: Span<UInt8>, _ digits: Range<Int>) -> UInt64? {
        var number: UInt64 = 0
        for index in digits {
            let byte = text[index]
            let value: UInt8
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = byte &- UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): value = byte &- UInt8(ascii: "a") &+ 10
            case UInt8(ascii: "A")...UInt8(ascii: "F"): value = byte &- UInt8(ascii: "A") &+ 10
            default: return nil
            }
            number = number << 4 | UInt64(value)
        }
        return number
    }
}

extension ProjectID: CustomStringConvertible {
    public var description: String { String(decoding: text, as: UTF8.self) }

    package var text: [UInt8] {
        var text: [UInt8] = []
        text.append(addingCapacity: Self.textBytes) { append(to: &$0) }
        return text
    }

    /// The length of the text form in bytes.
    package static let textBytes = 36

    /// Appends the text form. `text` must have room for it.
    package func append(to text: inout OutputSpan<UInt8>) {
        text.append(hexadecimal: high >> 32, digits: 8)
        text.append(UInt8(ascii: "-"))
        text.append(hexadecimal: high >> 16, digits: 4)
        text.append(UInt8(ascii: "-"))
        text.append(hexadecimal: high, digits: 4)
        text.append(UInt8(ascii: "-"))
        text.append(hexadecimal: low >> 48, digits: 4)
        text.append(UInt8(ascii: "-"))
        text.append(hexadecimal: low, digits: 12)
    }
}

extension OutputSpan<UInt8> {
    /// Appends the lowest digits of a number.
    fileprivate mutating func append(hexadecimal number: UInt64, digits: UInt64) {
        for digit in (0..<digits).reversed() {
            let value = UInt8(truncatingIfNeeded: number >> (digit &* 4) & 15)
            append(value < 10 ? UInt8(ascii: "0") &+ value : UInt8(ascii: "a") &+ value &- 10)
        }
    }
}

/// Makes ids that always grow, also if the clock stands still or goes back (RFC 9562, 6.2, method 1 with a 12-bit
/// counter). Only the writer uses it.
package struct ProjectIDGenerator: Sendable {
    private var lastMillisecond: UInt64 = 0
    private var counter: UInt64 = 0

    /// - Parameter newest: the newest stored id, so that ids also grow over restarts.
    package init(after newest: ProjectID? = nil) {
        guard let newest else { return }
        lastMillisecond = newest.high >> 16
        counter = newest.high & 0xFFF
    }

    package mutating func next(
        at now: Timestamp, random: inout some RandomNumberGenerator
    ) -> ProjectID {
        let millisecond = UInt64(clamping: now.milliseconds) & 0xFFFF_FFFF_FFFF
        if millisecond > lastMillisecond {
            lastMillisecond = millisecond
            counter = random.next() & 0x7FF  // The upper half is left for counting.
        } else if counter < 0xFFF {
            counter += 1
        } else {
            lastMillisecond = (lastMillisecond + 1) & 0xFFFF_FFFF_FFFF
            counter = 0
        }
        return ProjectID(
            high: lastMillisecond << 16 | 0x7000 | counter, low: 0x8000_0000_0000_0000 | random.next() >> 2)
    }
}
