/// Appends JSON texts to one buffer, without building a tree. It adds the commas.
///
/// The caller must end every object and array, and write a key before every value in an object. That is not checked:
/// only fixed code writes replies, and tests cover it.
package struct JSONWriter: Sendable {
    /// Complete texts, each with a line feed at its end, and the text that is being written.
    package private(set) var bytes: [UInt8]
    /// A value comes before the position in the same container.
    private var needsComma = false

    /// - Parameter capacity: the number of bytes to reserve. Most replies have less than 512 bytes.
    package init(capacity: Int = 0) {
        bytes = []
        bytes.reserveCapacity(capacity)
    }

    /// Reserves room for this number of bytes.
    package mutating func reserve(_ count: Int) { bytes.reserveCapacity(count) }

    /// Takes the bytes that were written. Writing then continues in the same text.
    package mutating func take() -> [UInt8] {
        defer { bytes = [] }
        return bytes
    }

    /// A position in the text, to return to.
    package struct Mark: Sendable {
        fileprivate let count: Int
        fileprivate let needsComma: Bool
    }

    package var mark: Mark { Mark(count: bytes.count, needsComma: needsComma) }

    /// Removes everything that was written since the mark was made. `take()` must not have been called in between.
    package mutating func rewind(to mark: Mark) {
        bytes.removeLast(max(0, bytes.count &- mark.count))
        needsComma = mark.needsComma
    }

    package mutating func beginObject() { begin(UInt8(ascii: "{")) }
    package mutating func endObject() { end(UInt8(ascii: "}")) }
    package mutating func beginArray() { begin(UInt8(ascii: "[")) }
    package mutating func endArray() { end(UInt8(ascii: "]")) }

    /// Writes a name that needs no escaping.
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

    /// Writes an ASCII string that needs no escaping, for example an id or a time.
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

    /// Writes the shortest text that reads back as the same number. Writes `null` for infinity and NaN.
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

    /// Writes a value that is JSON already, for example the id of a request. It is not checked.
    package mutating func raw(_ json: some Collection<UInt8>) {
        separate()
        bytes.append(contentsOf: json)
    }

    /// Ends a text with a line feed, so that the next text can begin.
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

    /// Must be called before every name and every value.
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
