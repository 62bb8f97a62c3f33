/// Appends JSON texts to one growing buffer, without building a tree. Commas are placed automatically.
///
/// The caller sees to it that what begins is ended and that every value in an object follows a key: nothing
/// is checked, because replies are written by fixed code that tests cover.
package struct JSONWriter: Sendable {
    /// What was written so far: texts that each end with a line feed, and perhaps an unfinished one.
    package private(set) var bytes: [UInt8]
    /// Whether a value precedes in the same container.
    private var needsComma = false

    /// - Parameter capacity: bytes to make room for at once; most replies fit into 512.
    package init(capacity: Int = 0) {
        bytes = []
        bytes.reserveCapacity(capacity)
    }

    /// Makes room for so many bytes at once.
    package mutating func reserve(_ count: Int) { bytes.reserveCapacity(count) }

    /// Takes out what was written; the text that was begun goes on afterwards.
    package mutating func take() -> [UInt8] {
        defer { bytes = [] }
        return bytes
    }

    /// Where the next value would begin.
    package struct Mark: Sendable {
        fileprivate let count: Int
        fileprivate let needsComma: Bool
    }

    package var mark: Mark { Mark(count: bytes.count, needsComma: needsComma) }

    /// Forgets what was written since the mark was taken; nothing may have been taken out in between.
    package mutating func rewind(to mark: Mark) {
        bytes.removeLast(max(0, bytes.count &- mark.count))
        needsComma = mark.needsComma
    }

    package mutating func beginObject() { begin(UInt8(ascii: "{")) }
    package mutating func endObject() { end(UInt8(ascii: "}")) }
    package mutating func beginArray() { begin(UInt8(ascii: "[")) }
    package mutating func endArray() { end(UInt8(ascii: "]")) }

    /// Writes a name that is known to need no escaping.
    package mutating func key(_ name: StaticString) {
        bytes.append(addingCapacity: name.utf8CodeUnitCount &+ 4) { text in
            if needsComma { text.append(UInt8(ascii: ",")) }
            text.append(UInt8(ascii: "\""))
            name.withUTF8Buffer { for byte in $0 { text.append(byte) } }
            text.append(UInt8(ascii: "\""))
            text.append(UInt8(ascii: ":"))
        }
        needsComma = false
    }

    package mutating func key(escaping name: String) {
        string(name)
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    package mutating func string(_ text: some StringProtocol) {
        separate()
        if text.utf8.withContiguousStorageIfAvailable({ appendQuoted($0) }) == nil {
            Array(text.utf8).withUnsafeBufferPointer { appendQuoted($0) }
        }
    }

    package mutating func string(_ text: StaticString) {
        separate()
        text.withUTF8Buffer { appendQuoted($0) }
    }

    /// Writes a string of ASCII that is known to need no escaping: an id, a time.
    package mutating func plain(capacity: Int, _ fill: (inout OutputSpan<UInt8>) -> Void) {
        separate()
        bytes.append(addingCapacity: capacity &+ 2) { text in
            text.append(UInt8(ascii: "\""))
            fill(&text)
            text.append(UInt8(ascii: "\""))
        }
    }

    package mutating func integer(_ number: Int64) {
        separate()
        if number < 0 { bytes.append(UInt8(ascii: "-")) }
        appendDecimal(number.magnitude)
    }

    /// Writes the shortest text that reads back as the same number; `null` when it is infinite or not a number.
    package mutating func number(_ number: Double) {
        guard number.isFinite else { return null() }
        raw(number.description.utf8)
    }

    package mutating func bool(_ value: Bool) {
        raw(value ? "true" : "false")
    }

    package mutating func null() {
        raw("null")
    }

    /// Writes a value that is JSON already, such as an id that is echoed. It is not checked.
    package mutating func raw(_ json: some Collection<UInt8>) {
        separate()
        bytes.append(contentsOf: json)
    }

    /// Ends a text with a line feed; the next one may begin.
    package mutating func newline() {
        bytes.append(UInt8(ascii: "\n"))
        needsComma = false
    }

    private mutating func raw(_ word: StaticString) {
        separate()
        word.withUTF8Buffer { bytes.append(contentsOf: $0) }
    }

    private mutating func begin(_ bracket: UInt8) {
        separate()
        bytes.append(bracket)
        needsComma = false
    }

    private mutating func end(_ bracket: UInt8) {
        bytes.append(bracket)
        needsComma = true
    }

    /// Comes before every name and every value.
    private mutating func separate() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
        needsComma = true
    }

    private mutating func appendQuoted(_ text: UnsafeBufferPointer<UInt8>) {
        bytes.append(UInt8(ascii: "\""))
        bytes.appendEscaped(text)
        bytes.append(UInt8(ascii: "\""))
    }

    private mutating func appendDecimal(_ number: UInt64) {
        var first = bytes.count
        var rest = number
        repeat {
            let (quotient, digit) = rest.quotientAndRemainder(dividingBy: 10)
            bytes.append(UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: digit))
            rest = quotient
        } while rest != 0
        var last = bytes.count &- 1
        while first < last {
            bytes.swapAt(first, last)
            first &+= 1
            last &-= 1
        }
    }
}
