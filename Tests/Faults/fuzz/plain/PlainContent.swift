import Glibc

extension PlainValue {
    /// The whole content in one text: strings as their bytes with their number, so that no two contents look alike,
    /// numbers as the exact integer and the bits of the nearest double.
    package func write(to content: inout [UInt8]) {
        switch self {
        case .object(let members):
            content.append(UInt8(ascii: "{"))
            for (name, value) in members {
                Self.write(string: name, to: &content)
                value.write(to: &content)
            }
            content.append(UInt8(ascii: "}"))
        case .array(let elements):
            content.append(UInt8(ascii: "["))
            for element in elements { element.write(to: &content) }
            content.append(UInt8(ascii: "]"))
        case .string(let text, _): Self.write(string: text, to: &content)
        case .number(let digits): Self.write(number: exactInteger(digits), nearestDouble(digits), to: &content)
        case .word(let word): content += word
        }
    }

    package static func write(string: some Collection<UInt8>, to content: inout [UInt8]) {
        content += "\"\(string.count)\"".utf8
        content += string
    }

    package static func write(number: Int64?, _ double: Double?, to content: inout [UInt8]) {
        content += "\(number ?? .max):\(double?.bitPattern ?? .max);".utf8
    }
}

/// By school arithmetic on the digits; nil for a fraction and beyond 2^53 − 1.
private func exactInteger(_ number: [UInt8]) -> Int64? {
    let isNegative = number.first == UInt8(ascii: "-")
    let parts = number.drop { $0 == UInt8(ascii: "-") }.split { $0 == UInt8(ascii: "e") || $0 == UInt8(ascii: "E") }
    let significand = parts[0].split(separator: UInt8(ascii: "."))
    var digits = Array(significand.joined())
    // No text is so long that its digits could make up for a greater exponent.
    let beyond = parts.last?.first == UInt8(ascii: "-") ? -1 << 40 : 1 << 40
    var exponent = parts.count < 2 ? 0 : Int(String(decoding: parts[1], as: UTF8.self)) ?? beyond
    if exponent.magnitude > 1 << 40 { exponent = beyond }
    exponent -= significand.count < 2 ? 0 : significand[1].count
    digits.removeFirst(digits.prefix { $0 == UInt8(ascii: "0") }.count)
    guard !digits.isEmpty else { return 0 }
    while exponent < 0, digits.last == UInt8(ascii: "0") {
        digits.removeLast()
        exponent += 1
    }
    guard exponent >= 0, digits.count + exponent <= 16 else { return nil }
    digits += Array(repeating: UInt8(ascii: "0"), count: exponent)
    guard let value = Int64(String(decoding: digits, as: UTF8.self)), value < 1 << 53 else { return nil }
    return isNegative ? -value : value
}

/// The C library's.
private func nearestDouble(_ number: [UInt8]) -> Double? {
    let value = strtod(String(decoding: number, as: UTF8.self), nil)
    return value.isInfinite ? nil : value
}
