/// The fields of one CSV record, without their quotes.
struct CSVRecord: Sendable {
    /// The place of the record in the file: the line, from 1, and the byte, from 0.
    private(set) var line = 1
    private(set) var offset = 0
    /// The number of bytes in the file, including the end of the line.
    var length = 0
    /// A line with `""` is a record, but an empty line is not.
    var hasQuotes = false

    private var bytes: [UInt8] = []
    /// The end of each field in `bytes`.
    private var ends: [Int] = []

    /// The number of fields.
    var count: Int { ends.count }

    /// The bytes of a field. The first field has the index 0.
    subscript(field: Int) -> ArraySlice<UInt8> {
        guard ends.indices.contains(field) else { return [] }
        return bytes[(field == 0 ? 0 : ends[field - 1])..<ends[field]]
    }

    // MARK: Calls from `CSVReader`

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
