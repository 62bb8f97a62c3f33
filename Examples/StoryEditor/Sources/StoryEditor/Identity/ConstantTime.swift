/// Compares secrets in a time that tells nothing of where they differ.
enum ConstantTime {
    static func areEqual(_ a: String, _ b: String) -> Bool {
        let (a, b) = (Array(a.utf8), Array(b.utf8))
        var difference = a.count ^ b.count
        // As long as the one that came from outside, whatever the secret's length.
        for (index, byte) in a.enumerated() { difference |= Int(byte ^ (b.isEmpty ? 0 : b[index % b.count])) }
        return difference == 0
    }
}

/// Random words for forms.
enum RandomWord {
    /// 128 bits of the system's generator, as 32 hexadecimal digits.
    static func make() -> String {
        var generator = SystemRandomNumberGenerator()
        return (0..<2).map { _ in
            let digits = String(generator.next(), radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
    }
}
