extension JSONNumber {
    /// The canonical spelling of a number: its sign, its digits without zeros at both ends, `e`, and the power of ten.
    /// Every zero is `0`. It is exact for every exponent, and its cost depends only on the length of the text: an
    /// exponent is handled as text or as a sum of two small numbers, also in `1e999999999`.
    static func canonical(_ number: Span<UInt8>) -> [UInt8] {
        var digits: [UInt8] = []
        var fractionDigits = 0
        var inFraction = false
        var exponent: [UInt8] = []
        scan: for index in number.indices {
            switch number[index] {
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                if inFraction { fractionDigits &+= 1 }
                if !digits.isEmpty || number[index] != UInt8(ascii: "0") { digits.append(number[index]) }
            case UInt8(ascii: "."): inFraction = true
            case UInt8(ascii: "e"), UInt8(ascii: "E"):
                for place in index &+ 1..<number.count { exponent.append(number[place]) }
                break scan
            default: break  // The minus sign.
            }
        }
        var zeros = 0
        while digits.last == UInt8(ascii: "0") {
            digits.removeLast()
            zeros &+= 1
        }
        guard !digits.isEmpty else { return [UInt8(ascii: "0")] }
        if number[0] == UInt8(ascii: "-") { digits.insert(UInt8(ascii: "-"), at: 0) }
        digits.append(UInt8(ascii: "e"))
        digits += sum(exponent, zeros &- fractionDigits)
        return digits
    }

    /// Adds a number, which is at most the length of the text, to an exponent, whose text can have any length.
    private static func sum(_ exponent: [UInt8], _ shift: Int) -> [UInt8] {
        let isNegative = exponent.first == UInt8(ascii: "-")
        let isSigned = isNegative || exponent.first == UInt8(ascii: "+")
        var digits = Array(exponent.dropFirst(isSigned ? 1 : 0).drop { $0 == UInt8(ascii: "0") })
        if digits.count <= 18 {
            let size = digits.reduce(0) { $0 &* 10 &+ Int($1 &- UInt8(ascii: "0")) }
            return Array(((isNegative ? 0 &- size : size) &+ shift).description.utf8)
        }
        // The exponent is so large that the sum has the same sign. Adds digit by digit.
        var rest = Int64(isNegative ? 0 &- shift : shift)
        var place = digits.count
        while rest != 0, place > 0 {
            place &-= 1
            let (carry, digit) = (rest &+ Int64(digits[place] &- UInt8(ascii: "0"))).flooringDivided(by: 10)
            digits[place] = UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: digit)
            rest = carry
        }
        var sum: [UInt8] = isNegative ? [UInt8(ascii: "-")] : []
        if rest > 0 {
            sum += rest.description.utf8
            sum += digits
        } else {
            sum += digits.drop { $0 == UInt8(ascii: "0") }
        }
        return sum
    }
}
