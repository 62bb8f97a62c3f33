/// A time in UTC with milliseconds. Every time on the wire and on disk has this form.
public struct Timestamp: Sendable, Hashable, Comparable {
    /// Milliseconds since 1970-01-01T00:00:00Z, without leap seconds.
    public let milliseconds: Int64

    public init(milliseconds: Int64) { self.milliseconds = milliseconds }

    public static func < (a: Self, b: Self) -> Bool { a.milliseconds < b.milliseconds }

    /// Saturates at the first and the last time that can be represented.
    package func adding(seconds: Int64) -> Timestamp {
        let (ms, overflow) = seconds.multipliedReportingOverflow(by: 1000)
        let (sum, overflow2) = milliseconds.addingReportingOverflow(ms)
        return Timestamp(milliseconds: overflow || overflow2 ? (seconds < 0 ? .min : .max) : sum)
    }

    /// Saturates at the first and the last time that can be represented.
    package func adding(milliseconds time: Int64) -> Timestamp {
        let (sum, overflow) = milliseconds.addingReportingOverflow(time)
        return Timestamp(milliseconds: overflow ? (time < 0 ? .min : .max) : sum)
    }

    /// The time since an earlier time, or a negative number if that is later. Saturates.
    package func milliseconds(since earlier: Timestamp) -> Int64 {
        let (time, overflow) = milliseconds.subtractingReportingOverflow(earlier.milliseconds)
        return overflow ? (self < earlier ? .min : .max) : time
    }
}

extension Timestamp: CustomStringConvertible {
    /// RFC 3339 with milliseconds and `Z`: `2026-11-23T13:01:19.042Z`.
    public var description: String { String(decoding: rfc3339, as: UTF8.self) }

    /// The range of the text form: the years 1 to 9999.
    package static let representable =
        Timestamp(milliseconds: -62_135_596_800_000)...Timestamp(milliseconds: 253_402_300_799_999)

    package var rfc3339: [UInt8] {
        var text: [UInt8] = []
        text.append(addingCapacity: Self.textBytes) { append(to: &$0) }
        return text
    }

    /// The length of the text form in bytes.
    package static let textBytes = 24

    /// Appends the text form. `text` must have room for it.
    package func append(to text: inout OutputSpan<UInt8>) {
        let ms = min(
            max(milliseconds, Self.representable.lowerBound.milliseconds),
            Self.representable.upperBound.milliseconds)
        let (days, inDay) = ms.flooringDivided(by: 86_400_000)
        let (year, month, day) = CivilDate.from(days: days)
        text.append(digits: year / 100)
        text.append(digits: year % 100)
        text.append(UInt8(ascii: "-"))
        text.append(digits: month)
        text.append(UInt8(ascii: "-"))
        text.append(digits: day)
        text.append(UInt8(ascii: "T"))
        text.append(digits: inDay / 3_600_000)
        text.append(UInt8(ascii: ":"))
        text.append(digits: inDay / 60_000 % 60)
        text.append(UInt8(ascii: ":"))
        text.append(digits: inDay / 1000 % 60)
        text.append(UInt8(ascii: "."))
        text.append(UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: inDay % 1000 / 100))
        text.append(digits: inDay % 100)
        text.append(UInt8(ascii: "Z"))
    }
}

extension OutputSpan<UInt8> {
    /// Appends a number from 0 to 99 as two digits.
    fileprivate mutating func append(digits number: Int64) {
        let number = UInt8(truncatingIfNeeded: number)
        append(UInt8(ascii: "0") &+ number / 10)
        append(UInt8(ascii: "0") &+ number % 10)
    }
}

extension Int64 {
    /// The quotient is rounded down, so the remainder is never negative. `divisor` must be positive.
    package func flooringDivided(by divisor: Int64) -> (quotient: Int64, remainder: Int64) {
        let (q, r) = quotientAndRemainder(dividingBy: divisor)
        return r < 0 ? (q - 1, r + divisor) : (q, r)
    }
}

extension Timestamp {
    /// For names of files, to the second: `20261123T130119Z`.
    package var compact: String { description.prefix(19).filter { $0 != "-" && $0 != ":" } + "Z" }
}
