/// A moment in UTC with milliseconds, as every time on the wire and on disk.
public struct Timestamp: Sendable, Hashable, Comparable {
    /// Milliseconds since 1970-01-01T00:00:00Z, leap seconds not counted.
    public let milliseconds: Int64

    public init(milliseconds: Int64) { self.milliseconds = milliseconds }

    public static func < (a: Self, b: Self) -> Bool { a.milliseconds < b.milliseconds }

    /// Later by whole seconds; saturates at the ends of what can be represented.
    package func adding(seconds: Int64) -> Timestamp {
        let (ms, overflow) = seconds.multipliedReportingOverflow(by: 1000)
        let (sum, overflow2) = milliseconds.addingReportingOverflow(ms)
        return Timestamp(milliseconds: overflow || overflow2 ? (seconds < 0 ? .min : .max) : sum)
    }
}

extension Timestamp: CustomStringConvertible {
    /// RFC 3339 with milliseconds and `Z`: `2026-11-23T13:01:19.042Z`.
    public var description: String { String(decoding: rfc3339, as: UTF8.self) }

    /// The years that the text form has room for.
    package static let representable =
        Timestamp(milliseconds: -62_135_596_800_000)...Timestamp(milliseconds: 253_402_300_799_999)

    package var rfc3339: [UInt8] {
        let ms = min(
            max(milliseconds, Self.representable.lowerBound.milliseconds),
            Self.representable.upperBound.milliseconds)
        let (days, inDay) = ms.flooringDivided(by: 86_400_000)
        let (year, month, day) = CivilDate.from(days: days)
        var text = [UInt8](repeating: 0x30, count: 24)
        func put(_ value: Int64, at index: Int, digits: Int) {
            var rest = value
            for offset in (0..<digits).reversed() {
                text[index + offset] = 0x30 + UInt8(truncatingIfNeeded: rest % 10)
                rest /= 10
            }
        }
        put(year, at: 0, digits: 4)
        put(month, at: 5, digits: 2)
        put(day, at: 8, digits: 2)
        put(inDay / 3_600_000, at: 11, digits: 2)
        put(inDay / 60_000 % 60, at: 14, digits: 2)
        put(inDay / 1000 % 60, at: 17, digits: 2)
        put(inDay % 1000, at: 20, digits: 3)
        text[4] = UInt8(ascii: "-")
        text[7] = UInt8(ascii: "-")
        text[10] = UInt8(ascii: "T")
        text[13] = UInt8(ascii: ":")
        text[16] = UInt8(ascii: ":")
        text[19] = UInt8(ascii: ".")
        text[23] = UInt8(ascii: "Z")
        return text
    }
}

extension Int64 {
    /// Quotient rounded down and the remainder that is never below zero. `divisor` is above zero.
    package func flooringDivided(by divisor: Int64) -> (quotient: Int64, remainder: Int64) {
        let (q, r) = quotientAndRemainder(dividingBy: divisor)
        return r < 0 ? (q - 1, r + divisor) : (q, r)
    }
}
