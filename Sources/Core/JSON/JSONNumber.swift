/// Reads the values of JSON numbers that the scanner has accepted.
enum JSONNumber {
    /// Large enough that every number with it is out of range, and small enough that sums with it cannot overflow.
    private static let exponentLimit = 1_000_000_000_000

    /// The exact integer value of a number in any spelling. `nil` for a fraction and for a number beyond ±(2^53 − 1).
    static func integer(_ number: Span<UInt8>) -> Int64? {
        guard let magnitude = magnitude(number, atMost: UInt64(Limits.largestInteger)) else { return nil }
        return signed(magnitude, number)
    }

    /// As `integer`, for −2^63 to 2^63 − 1.
    static func int64(_ number: Span<UInt8>) -> Int64? {
        guard let magnitude = magnitude(number, atMost: Int64.min.magnitude) else { return nil }
        return signed(magnitude, number)
    }

    private static func signed(_ magnitude: UInt64, _ number: Span<UInt8>) -> Int64? {
        number[0] == UInt8(ascii: "-") ? Int64(exactly: 0 - Int128(magnitude)) : Int64(exactly: magnitude)
    }

    private static func magnitude(_ number: Span<UInt8>, atMost limit: UInt64) -> UInt64? {
        // The value is magnitude × 10^(zeros − fractionDigits + exponent). Zeros are only counted until another digit
        // follows. So the magnitude never ends in 0, and a negative power means a fraction.
        var magnitude: UInt64 = 0
        var zeros = 0
        var fractionDigits = 0
        var inFraction = false
        var exponent = 0
        scan: for index in number.indices {
            switch number[index] {
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                if inFraction { fractionDigits &+= 1 }
                let digit = UInt64(number[index] &- UInt8(ascii: "0"))
                if digit == 0 {
                    zeros &+= 1
                } else {
                    guard let scaled = scale(magnitude, byPowerOf10: zeros &+ 1, atMost: limit) else { return nil }
                    magnitude = scaled &+ digit
                    zeros = 0
                }
            case UInt8(ascii: "."):
                inFraction = true
            case UInt8(ascii: "e"), UInt8(ascii: "E"):
                exponent = self.exponent(number.extracting((index &+ 1)...))
                break scan
            default:
                break  // The minus sign.
            }
        }
        guard magnitude != 0 else { return 0 }
        guard let value = scale(magnitude, byPowerOf10: zeros &- fractionDigits &+ exponent, atMost: limit),
            value <= limit
        else { return nil }
        return value
    }

    /// `nil` for a negative power, and for a result above `limit`.
    private static func scale(_ magnitude: UInt64, byPowerOf10 power: Int, atMost limit: UInt64) -> UInt64? {
        guard power >= 0 else { return nil }
        if magnitude == 0 { return 0 }
        var result = magnitude
        for _ in 0..<power {
            guard result <= limit / 10 else { return nil }
            result &*= 10
        }
        return result
    }

    private static func exponent(_ digits: Span<UInt8>) -> Int {
        var exponent = 0
        for index in digits.indices {
            let digit = digits[index] &- UInt8(ascii: "0")
            if digit < 10 { exponent = min(exponent &* 10 &+ Int(digit), exponentLimit) }
        }
        return digits[0] == UInt8(ascii: "-") ? -exponent : exponent
    }

    /// The nearest `Double`. `nil` if that is infinite.
    static func double(_ number: ArraySlice<UInt8>) -> Double? {
        guard let value = Double(String(decoding: number, as: UTF8.self)), value.isFinite else { return nil }
        return value
    }
}
