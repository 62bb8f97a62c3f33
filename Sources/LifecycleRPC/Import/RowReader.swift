internal import LifecycleCore

/// The columns of a file, from its header.
struct ImportColumns: Sendable {
    /// The position of each needed column, in the order of the needed names.
    fileprivate let positions: [Int]
    fileprivate let names: [String]
    fileprivate let count: Int
    /// The other columns.
    let ignored: [String]

    /// - Parameter names: the needed columns, in any order. Other columns are ignored.
    init(_ header: CSVRecord, names: [String]) throws(RowError) {
        var found: [String] = []
        for index in 0..<header.count {
            guard let name = String(validating: header[index], as: UTF8.self) else {
                throw RowError(line: header.line, field: "field \(index + 1)", "is not UTF-8")
            }
            guard !found.contains(where: name.hasSameBytes) else {
                throw RowError(
                    line: header.line, field: PeerText.escaped(name, maximumBytes: 40),
                    "the header has this column twice")
            }
            found.append(name)
        }
        var positions: [Int] = []
        for name in names {
            guard let position = found.firstIndex(where: name.hasSameBytes) else {
                let wanted = names.joined(separator: ", ")
                throw RowError(
                    line: header.line, field: name, "the header does not have this column; needed are \(wanted)")
            }
            positions.append(position)
        }
        self.names = names
        self.positions = positions
        count = header.count
        ignored = found.enumerated().filter { !positions.contains($0.offset) }.map(\.element)
    }
}

/// Reads the values of one row. It collects all errors, not only the first.
struct RowReader {
    private let record: CSVRecord
    private let columns: ImportColumns
    private(set) var errors: [RowError] = []

    init(_ record: CSVRecord, _ columns: ImportColumns) {
        self.record = record
        self.columns = columns
        if record.count != columns.count {
            let fields = "\(record.count) field\(record.count == 1 ? "" : "s")"
            errors.append(
                RowError(line: record.line, field: nil, "has \(fields), but the header has \(columns.count)"))
        }
    }

    /// The row has as many fields as the header, so each field can be assigned to its column.
    var isComplete: Bool { record.count == columns.count }

    /// - Parameter column: the index in the needed names.
    /// - Returns: `nil` for an empty field, which PostgreSQL writes for NULL.
    mutating func optionalText(_ column: Int) -> String? {
        let bytes = record[columns.positions[column]]
        guard !bytes.isEmpty else { return nil }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            refuse(column, "is not UTF-8")
            return nil
        }
        return text
    }

    mutating func text(_ column: Int, _ rule: FieldRule = .none) -> String? {
        let isMissing = record[columns.positions[column]].isEmpty
        if isMissing { refuse(column, "is empty") }
        guard let text = optionalText(column) else { return nil }
        do throws(FieldError) {
            try text.check(rule)
            return text
        } catch {
            refuse(column, error.reason)
            return nil
        }
    }

    /// A number from 0 to 2^53 − 1, written in digits.
    mutating func credits(_ column: Int) -> Int64? {
        guard let text = text(column) else { return nil }
        let isDigits = text.utf8.allSatisfy { (0x30...0x39).contains($0) }
        guard isDigits, let number = Int64(text), number <= Limits.largestInteger else {
            refuse(column, "must be a whole number from 0 to \(Limits.largestInteger), not \(Self.shown(text))")
            return nil
        }
        return number
    }

    mutating func status(_ column: Int) -> Status? {
        guard let text = text(column) else { return nil }
        guard let status = Status.allCases.first(where: { text.hasSameBytes(as: $0.rawValue) }) else {
            let words = Status.allCases.map(\.rawValue).joined(separator: ", ")
            refuse(column, "must be one of \(words), not \(Self.shown(text))")
            return nil
        }
        return status
    }

    /// - Parameter now: later times are refused.
    mutating func time(_ column: Int, now: Timestamp) -> Timestamp? {
        guard let text = text(column) else { return nil }
        guard !Timestamp.isOfAnotherDateStyle(text) else {
            refuse(
                column,
                "\(Self.shown(text)) has another DateStyle: export again after SET DateStyle = ISO", isOfAll: true)
            return nil
        }
        guard let time = Timestamp(postgreSQL: text), time.milliseconds >= 0 else {
            refuse(column, "must be a time such as 2025-06-01 12:34:56.789, not \(Self.shown(text))")
            return nil
        }
        guard time <= now else {
            refuse(column, "\(time) is in the future; a time without an offset is taken as UTC")
            return nil
        }
        return time
    }

    mutating func refuse(_ column: Int, _ reason: String, isOfAll: Bool = false) {
        errors.append(RowError(line: record.line, field: columns.names[column], reason, isOfAll: isOfAll))
    }

    private static func shown(_ text: String) -> String { "\"\(PeerText.escaped(text, maximumBytes: 40))\"" }
}

extension Timestamp {
    /// Reads a time as PostgreSQL writes it with `DateStyle = ISO`. The offset may be whole hours (`+00`), or be
    /// omitted, which means UTC.
    init?(postgreSQL text: String) {
        // After the date, whose hyphens are not signs.
        let time = text.utf8.dropFirst(10)
        guard let zone = time.lastIndex(where: { "+-Zz".utf8.contains($0) }) else {
            self.init(text + "Z")
            return
        }
        self.init(time.distance(from: zone, to: time.endIndex) == 3 ? text + ":00" : text)
    }

    /// Whether the text has another style of PostgreSQL: `06/01/2025 …` (SQL), `01.06.2025 …` (German), `Sun Jun 01 …`
    /// (Postgres). These cannot be read, because the order of day and month depends on a setting.
    fileprivate static func isOfAnotherDateStyle(_ text: String) -> Bool {
        let start = text.utf8.prefix(10).map { byte -> Character in
            switch byte {
            case 0x30...0x39: "0"
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"): "a"
            default: Character(Unicode.Scalar(byte))
            }
        }
        let shape = String(start)
        return ["00/00/0000", "00.00.0000", "00-00-0000"].contains(shape)
            || ["aaa aaa 00", "aaa 00 aaa"].contains(shape)
    }
}
