/// The fields of one CSV record, without their quotes.
struct CSVRecord: Sendable {
    /// Where it begins in the file: the line, from 1, and the byte, from 0.
    private(set) var line = 1
    private(set) var offset = 0
    /// Bytes that it takes in the file, with the end of its line.
    var length = 0
    /// A line with `""` is a record, and one without anything is none.
    var hasQuotes = false

    private var bytes: [UInt8] = []
    /// Where in `bytes` each field ends.
    private var ends: [Int] = []

    /// How many fields it has.
    var count: Int { ends.count }

    /// The bytes of a field, from 0 on.
    subscript(field: Int) -> ArraySlice<UInt8> {
        guard ends.indices.contains(field) else { return [] }
        return bytes[(field == 0 ? 0 : ends[field - 1])..<ends[field]]
    }

    // MARK: Made by `CSVReader`

    var isBlank: Bool { ends.isEmpty && bytes.isEmpty && !hasQuotes }
    var lastFieldCount: Int { bytes.count &- (ends.last ?? 0) }

    mutating func begin(line: Int, offset: Int) {
        self.line = line
        self.offset = offset
        length = 0
        hasQuotes = false
        bytes.removeAll(keepingCapacity: true)
        ends.removeAll(keepingCapacity: true)
    }

    mutating func append(_ byte: UInt8) { bytes.append(byte) }
    mutating func endField() { ends.append(bytes.count) }
}
