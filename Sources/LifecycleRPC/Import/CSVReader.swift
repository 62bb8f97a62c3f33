/// Reads CSV as RFC 4180 has it, a piece of the file at a time, in memory that does not grow with the file. Strict: a
/// quote stands only around a field or doubled within one, a CR only before an LF or within quotes, a NUL nowhere. Lines
/// end by LF or CR LF, the last one perhaps not; lines without anything are skipped. UTF-8 is not looked at here.
struct CSVReader: Sendable {
    /// Bytes of a field, and fields of a record: what has more is no table of ours, or its quote was never closed.
    static let maximumFieldBytes = 1 << 20
    static let maximumFields = 256

    /// The last one that was read whole.
    private(set) var record = CSVRecord()
    private var state = State.fieldStart
    private var isWhole = true
    private var line: Int
    private var offset: Int

    private enum State {
        case fieldStart, plain, quoted
        /// After a quote within quotes: the end of the field, or the first half of a doubled one.
        case closing
        case carriageReturn
    }

    /// - Parameters:
    ///   - offset: where in the file the first byte stands.
    ///   - line: the number of its line.
    init(offset: Int = 0, line: Int = 1) {
        self.offset = offset
        self.line = line
    }

    /// Reads on, to the end of a record at most.
    /// - Parameter index: where in `bytes` to go on; moved behind what was read.
    /// - Returns: whether `record` is whole; if not, all of `bytes` was read.
    mutating func read(_ bytes: Span<UInt8>, from index: inout Int) throws(CSVError) -> Bool {
        if isWhole { begin() }
        while index < bytes.count {
            let byte = bytes[index]
            index &+= 1
            offset &+= 1
            if try read(byte) {
                record.length = offset &- record.offset
                isWhole = true
                return true
            }
        }
        return false
    }

    /// The file has ended.
    /// - Returns: whether `record` is the last one, whose line has no end.
    mutating func finish() throws(CSVError) -> Bool {
        guard !isWhole, offset > record.offset else { return false }
        switch state {
        case .quoted: throw error("the quote is never closed")
        case .carriageReturn: throw error("a CR without an LF behind it")
        case .fieldStart, .plain, .closing: break
        }
        try endField()
        record.length = offset &- record.offset
        isWhole = true
        return true
    }

    // MARK: One byte

    /// - Returns: whether it ended the record.
    private mutating func read(_ byte: UInt8) throws(CSVError) -> Bool {
        if byte == 0 { throw error("a NUL byte") }
        switch state {
        case .fieldStart where byte == UInt8(ascii: "\""):
            state = .quoted
            record.hasQuotes = true
        case .quoted:
            if byte == UInt8(ascii: "\"") {
                state = .closing
            } else {
                if byte == UInt8(ascii: "\n") { line &+= 1 }
                try append(byte)
            }
        case .closing where byte == UInt8(ascii: "\""):
            state = .quoted
            try append(byte)
        case .carriageReturn:
            guard byte == UInt8(ascii: "\n") else { throw error("a CR without an LF behind it") }
            return try endRecord()
        case .fieldStart, .plain, .closing:
            switch byte {
            case UInt8(ascii: ","):
                try endField()
                state = .fieldStart
            case UInt8(ascii: "\r"): state = .carriageReturn
            case UInt8(ascii: "\n"): return try endRecord()
            default:
                if state == .closing { throw error("text behind the closing quote") }
                if byte == UInt8(ascii: "\"") { throw error("a quote within a field that does not begin with one") }
                state = .plain
                try append(byte)
            }
        }
        return false
    }

    private mutating func append(_ byte: UInt8) throws(CSVError) {
        guard record.lastFieldCount < Self.maximumFieldBytes else {
            throw error("more than \(Self.maximumFieldBytes) bytes: is a quote not closed?")
        }
        record.append(byte)
    }

    private mutating func endField() throws(CSVError) {
        guard record.count < Self.maximumFields else { throw error("more than \(Self.maximumFields) fields") }
        record.endField()
    }

    /// - Returns: false for a line without anything, which is no record.
    private mutating func endRecord() throws(CSVError) -> Bool {
        line &+= 1
        if record.isBlank {
            begin()
            return false
        }
        try endField()
        return true
    }

    private mutating func begin() {
        record.begin(line: line, offset: offset)
        state = .fieldStart
        isWhole = false
    }

    private func error(_ reason: String) -> CSVError {
        CSVError(line: record.line, field: record.count + 1, reason: reason)
    }
}

/// Not CSV: what comes behind cannot be told apart any more.
struct CSVError: Error, Sendable, Equatable {
    /// Where the record begins, from 1.
    let line: Int
    /// From 1.
    let field: Int
    let reason: String
}
