/// Reads CSV (RFC 4180) in chunks, with memory that does not grow with the file. It is strict: a quote may only enclose
/// a field or be doubled within one, CR is allowed only before LF or within quotes, and NUL nowhere. Lines end with LF
/// or CR LF, which the last line may omit. Empty lines are skipped. UTF-8 is not checked here.
struct CSVReader: Sendable {
    /// The maximum bytes of a field and fields of a record. If a record has more, a quote is probably not closed.
    static let maximumFieldBytes = 1 << 20
    static let maximumFields = 256

    /// The last complete record.
    private(set) var record = CSVRecord()
    private var state = State.fieldStart
    private var isWhole = true
    private var line: Int
    private var offset: Int

    private enum State {
        case fieldStart, plain, quoted
        /// After a quote within quotes: the end of the field, or the first of two quotes.
        case closing
        case carriageReturn
    }

    /// - Parameters:
    ///   - offset: the place of the first byte in the file.
    ///   - line: the number of its line.
    init(offset: Int = 0, line: Int = 1) {
        self.offset = offset
        self.line = line
    }

    /// Reads until the end of a record or of `bytes`.
    /// - Parameter index: where to begin in `bytes`. After the call, where to continue.
    /// - Returns: whether `record` is complete. If not, all of `bytes` was read.
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

    /// Must be called at the end of the file.
    /// - Returns: whether there was a last record without the end of its line, which is then in `record`.
    mutating func finish() throws(CSVError) -> Bool {
        guard !isWhole, offset > record.offset else { return false }
        switch state {
        case .quoted: throw error("the quote is never closed")
        case .carriageReturn: throw error("a CR without an LF after it")
        case .fieldStart, .plain, .closing: break
        }
        try endField()
        record.length = offset &- record.offset
        isWhole = true
        return true
    }

    // MARK: One byte

    /// - Returns: whether the byte ended the record.
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
            guard byte == UInt8(ascii: "\n") else { throw error("a CR without an LF after it") }
            return try endRecord()
        case .fieldStart, .plain, .closing:
            switch byte {
            case UInt8(ascii: ","):
                try endField()
                state = .fieldStart
            case UInt8(ascii: "\r"): state = .carriageReturn
            case UInt8(ascii: "\n"): return try endRecord()
            default:
                if state == .closing { throw error("text after the closing quote") }
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

    /// - Returns: `false` for an empty line, which is not a record.
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

/// The file is not CSV. The rest of it cannot be read either.
struct CSVError: Error, Sendable, Equatable {
    /// The line where the record begins, from 1.
    let line: Int
    /// From 1.
    let field: Int
    let reason: String
}
