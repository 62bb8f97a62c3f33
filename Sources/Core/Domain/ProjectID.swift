/// A project's id: a UUID of version 7 (RFC 9562), so that ids made later sort later and an index on them appends.
public struct ProjectID: Sendable, Hashable {
    package let high: UInt64
    package let low: UInt64

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// Reads the usual form, 36 characters of hexadecimal digits and hyphens, in either case.
    public init?(_ text: some StringProtocol) {
        var index = -1
        var digits = 0
        var high: UInt64 = 0
        var low: UInt64 = 0
        for byte in text.utf8 {
            index += 1
            if index == 8 || index == 13 || index == 18 || index == 23 {
                guard byte == UInt8(ascii: "-") else { return nil }
                continue
            }
            let value: UInt8
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = byte - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): value = byte - UInt8(ascii: "a") + 10
            case UInt8(ascii: "A")...UInt8(ascii: "F"): value = byte - UInt8(ascii: "A") + 10
            default: return nil
            }
            if digits < 16 { high = high << 4 | UInt64(value) } else { low = low << 4 | UInt64(value) }
            digits += 1
            guard digits <= 32 else { return nil }
        }
        guard digits == 32 else { return nil }
        self.init(high: high, low: low)
    }

    /// The 16 bytes in network order, as stored.
    package init?(bytes: [UInt8]) {
        guard bytes.count == 16 else { return nil }
        self.init(
            high: bytes[..<8].reduce(0) { $0 << 8 | UInt64($1) }, low: bytes[8...].reduce(0) { $0 << 8 | UInt64($1) })
    }

    package var bytes: [UInt8] {
        [UInt8](unsafeUninitializedCapacity: 16) { buffer, count in
            for index in 0..<8 {
                buffer[index] = UInt8(truncatingIfNeeded: high >> UInt64(56 - 8 * index))
                buffer[index + 8] = UInt8(truncatingIfNeeded: low >> UInt64(56 - 8 * index))
            }
            count = 16
        }
    }
}

extension ProjectID: CustomStringConvertible {
    public var description: String { String(decoding: text, as: UTF8.self) }

    package var text: [UInt8] {
        [UInt8](unsafeUninitializedCapacity: 36) { buffer, count in
            var index = 0
            for nibble in 0..<32 {
                if nibble == 8 || nibble == 12 || nibble == 16 || nibble == 20 {
                    buffer[index] = UInt8(ascii: "-")
                    index += 1
                }
                let word = nibble < 16 ? high : low
                let value = UInt8(truncatingIfNeeded: word >> UInt64(60 - 4 * (nibble & 15)) & 15)
                buffer[index] = value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
                index += 1
            }
            count = 36
        }
    }
}

/// Makes ids that always grow, also when the clock stands still or goes back (RFC 9562, 6.2, method 1 with a
/// 12-bit counter). Used by the one thread that writes.
package struct ProjectIDGenerator: Sendable {
    private var lastMillisecond: UInt64 = 0
    private var counter: UInt64 = 0

    /// - Parameter newest: the newest id that is stored, so that ids keep growing over restarts.
    package init(after newest: ProjectID? = nil) {
        guard let newest else { return }
        lastMillisecond = newest.high >> 16
        counter = newest.high & 0xFFF
    }

    package mutating func next(
        at now: Timestamp, random: inout some RandomNumberGenerator
    ) -> ProjectID {
        let millisecond = UInt64(clamping: now.milliseconds) & 0xFFFF_FFFF_FFFF
        if millisecond > lastMillisecond {
            lastMillisecond = millisecond
            counter = random.next() & 0x7FF  // The upper half stays free to count into.
        } else if counter < 0xFFF {
            counter += 1
        } else {
            lastMillisecond = (lastMillisecond + 1) & 0xFFFF_FFFF_FFFF
            counter = 0
        }
        return ProjectID(
            high: lastMillisecond << 16 | 0x7000 | counter, low: 0x8000_0000_0000_0000 | random.next() >> 2)
    }
}
