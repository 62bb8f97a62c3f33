import Glibc

/// By plain recursion, one rule of the grammar a function.
struct PlainReader {
    let text: [UInt8]
    let maximumDepth: Int
    var position = 0

    init(text: [UInt8], maximumDepth: Int) {
        self.text = text
        self.maximumDepth = maximumDepth
    }

    var isAtEnd: Bool { position == text.count }
    private var next: UInt8? { position < text.count ? text[position] : nil }

    mutating func skipSpace() { while let next, [0x20, 0x09, 0x0A, 0x0D].contains(next) { position += 1 } }

    private mutating func take(_ character: Character) -> Bool {
        guard next == character.asciiValue else { return false }
        position += 1
        return true
    }

    mutating func value(depth: Int) -> PlainValue? {
        skipSpace()
        switch next {
        case UInt8(ascii: "{"): return depth < maximumDepth ? object(depth + 1) : nil
        case UInt8(ascii: "["): return depth < maximumDepth ? array(depth + 1) : nil
        case UInt8(ascii: "\""):
            let start = position
            return string().map { .string($0, raw: Array(text[start..<position])) }
        case UInt8(ascii: "t"): return word("true")
        case UInt8(ascii: "f"): return word("false")
        case UInt8(ascii: "n"): return word("null")
        default: return number()
        }
    }

    private mutating func object(_ depth: Int) -> PlainValue? {
        var members: [(name: [UInt8], value: PlainValue)] = []
        var names: Set<[UInt8]> = []
        position += 1
        skipSpace()
        if take("}") { return .object([]) }
        repeat {
            skipSpace()
            guard let name = string(), names.insert(name).inserted else { return nil }
            skipSpace()
            guard take(":"), let value = value(depth: depth) else { return nil }
            members.append((name, value))
            skipSpace()
        } while take(",")
        return take("}") ? .object(members) : nil
    }

    private mutating func array(_ depth: Int) -> PlainValue? {
        var elements: [PlainValue] = []
        position += 1
        skipSpace()
        if take("]") { return .array([]) }
        repeat {
            guard let element = value(depth: depth) else { return nil }
            elements.append(element)
            skipSpace()
        } while take(",")
        return take("]") ? .array(elements) : nil
    }

    private mutating func word(_ word: String) -> PlainValue? {
        for character in word where !take(character) { return nil }
        return .word(Array(word.utf8))
    }

    private mutating func number() -> PlainValue? {
        let start = position
        _ = take("-")
        if !take("0"), digits() == 0 { return nil }
        if take("."), digits() == 0 { return nil }
        if take("e") || take("E") {
            if !take("+") { _ = take("-") }
            if digits() == 0 { return nil }
        }
        return .number(Array(text[start..<position]))
    }

    private mutating func digits() -> Int {
        let start = position
        while let next, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(next) { position += 1 }
        return position - start
    }

    private mutating func string() -> [UInt8]? {
        guard take("\"") else { return nil }
        // What is escaped, one after the other, is UTF-16: only there are surrogates.
        var units: [UInt16] = []
        var decoded: [UInt8] = []
        while let byte = next, byte >= 0x20 {
            position += 1
            if byte == UInt8(ascii: "\\") {
                guard let unit = escape() else { return nil }
                units.append(unit)
                continue
            }
            if !units.isEmpty {
                guard String(validating: units, as: UTF16.self) != nil else { return nil }
                decoded += Array(String(decoding: units, as: UTF16.self).utf8)
                units = []
            }
            if byte == UInt8(ascii: "\"") { return decoded }
            decoded.append(byte)
        }
        return nil
    }

    private mutating func escape() -> UInt16? {
        guard let byte = next else { return nil }
        position += 1
        switch Character(UnicodeScalar(byte)) {
        case "\"", "\\", "/": return UInt16(byte)
        case "b": return 8
        case "f": return 12
        case "n": return 10
        case "r": return 13
        case "t": return 9
        case "u":
            let digits = text[position...].prefix(4)
            guard digits.count == 4, digits.allSatisfy({ isxdigit(CInt($0)) != 0 }) else { return nil }
            position += 4
            return UInt16(String(decoding: digits, as: UTF8.self), radix: 16)
        default: return nil
        }
    }
}
