/// Idempotency keys for calls without one.
package enum RandomKey {
    /// 128 random bits in hexadecimal.
    package static func make() -> String {
        var generator = SystemRandomNumberGenerator()
        let (high, low) = (generator.next() as UInt64, generator.next() as UInt64)
        return String(high, radix: 16) + "-" + String(low, radix: 16)
    }
}
