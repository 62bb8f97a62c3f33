internal import Glibc

/// Times of log records: RFC 3339, UTC, milliseconds.
enum LogTime {
    static func now() -> timespec {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return time
    }

    /// Appends 24 bytes such as `2026-11-23T13:10:00.123Z`.
    static func append(_ time: timespec, to bytes: inout [UInt8]) {
        var seconds = time.tv_sec
        var fields = tm()
        gmtime_r(&seconds, &fields)
        append(Int(fields.tm_year) + 1900, digits: 4, to: &bytes)
        bytes.append(UInt8(ascii: "-"))
        append(Int(fields.tm_mon) + 1, digits: 2, to: &bytes)
        bytes.append(UInt8(ascii: "-"))
        append(Int(fields.tm_mday), digits: 2, to: &bytes)
        bytes.append(UInt8(ascii: "T"))
        append(Int(fields.tm_hour), digits: 2, to: &bytes)
        bytes.append(UInt8(ascii: ":"))
        append(Int(fields.tm_min), digits: 2, to: &bytes)
        bytes.append(UInt8(ascii: ":"))
        append(Int(fields.tm_sec), digits: 2, to: &bytes)
        bytes.append(UInt8(ascii: "."))
        append(time.tv_nsec / 1_000_000, digits: 3, to: &bytes)
        bytes.append(UInt8(ascii: "Z"))
    }

    private static func append(_ value: Int, digits: Int, to bytes: inout [UInt8]) {
        var divisor = 1
        for _ in 1..<digits { divisor *= 10 }
        while divisor > 0 {
            bytes.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: value.magnitude / UInt(divisor) % 10))
            divisor /= 10
        }
    }
}
