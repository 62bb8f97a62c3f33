extension Timestamp {
    /// Reads an RFC 3339 date-time: any offset, any number of fraction digits (cut to milliseconds), `T` or a space,
    /// upper or lower case. Second 60 is refused: the daemon's clock has no leap seconds.
    public init?(_ text: some StringProtocol) {
        var reader = Digits(Array(text.utf8))
        guard let year = reader.number(4, in: 1...9999), reader.take("-"),
            let month = reader.number(2, in: 1...12), reader.take("-"),
            let day = reader.number(2, in: 1...31), day <= CivilDate.days(inMonth: month, of: year),
            reader.take("T") || reader.take("t") || reader.take(" "),
            let hour = reader.number(2, in: 0...23), reader.take(":"),
            let minute = reader.number(2, in: 0...59), reader.take(":"),
            let second = reader.number(2, in: 0...59)
        else { return nil }
        var fraction: Int64 = 0
        if reader.take(".") {
            guard let value = reader.fraction() else { return nil }
            fraction = value
        }
        var offset: Int64 = 0
        if !reader.take("Z") && !reader.take("z") {
            let sign: Int64
            if reader.take("+") { sign = 1 } else if reader.take("-") { sign = -1 } else { return nil }
            guard let hours = reader.number(2, in: 0...23), reader.take(":"),
                let minutes = reader.number(2, in: 0...59)
            else { return nil }
            offset = sign * (hours * 60 + minutes)
        }
        guard reader.isAtEnd else { return nil }
        let days = CivilDate.days(year: year, month: month, day: day)
        let minutes = (days * 24 + hour) * 60 + minute - offset
        milliseconds = (minutes * 60 + second) * 1000 + fraction
    }

    private struct Digits {
        private let bytes: [UInt8]
        private var index = 0

        init(_ bytes: [UInt8]) { self.bytes = bytes }

        var isAtEnd: Bool { index == bytes.count }

        mutating func take(_ scalar: Unicode.Scalar) -> Bool {
            guard index < bytes.count, UInt32(bytes[index]) == scalar.value else { return false }
            index += 1
            return true
        }

        private mutating func digit() -> Int64? {
            guard index < bytes.count, case 0x30...0x39 = bytes[index] else { return nil }
            defer { index += 1 }
            return Int64(bytes[index] - 0x30)
        }

        mutating func number(_ count: Int, in range: ClosedRange<Int64>) -> Int64? {
            var value: Int64 = 0
            for _ in 0..<count {
                guard let digit = digit() else { return nil }
                value = value * 10 + digit
            }
            return range.contains(value) ? value : nil
        }

        /// One or more digits, cut to milliseconds.
        mutating func fraction() -> Int64? {
            var value: Int64 = 0
            var scale: Int64 = 100
            guard var next = digit() else { return nil }
            while true {
                value += next * scale
                scale /= 10
                guard let digit = digit() else { return value }
                next = digit
            }
        }
    }
}

/// The proleptic Gregorian calendar, after Howard Hinnant's "chrono-Compatible Low-Level Date Algorithms".
enum CivilDate {
    /// Days since 1970-01-01.
    static func days(year: Int64, month: Int64, day: Int64) -> Int64 {
        let y = month <= 2 ? year - 1 : year
        let (era, yearOfEra) = y.flooringDivided(by: 400)
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }

    static func from(days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let (era, dayOfEra) = (days + 719_468).flooringDivided(by: 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shifted = (5 * dayOfYear + 2) / 153
        let month = shifted < 10 ? shifted + 3 : shifted - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shifted + 2) / 5 + 1)
    }

    static func days(inMonth month: Int64, of year: Int64) -> Int64 {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }
}
