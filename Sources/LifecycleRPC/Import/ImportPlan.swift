internal import LifecycleCore

/// The result of the first reading of a file: the places of its good rows, in the order in which they are written, and
/// the errors of the other rows. It takes 32 bytes for each row.
struct ImportPlan<Row: ImportedRow> {
    private struct Place {
        let order: Timestamp
        let offset: Int
        let line: Int
        let length: Int
    }

    private(set) var errors = RowErrors()
    private var places: [Place] = []
    private var columns: ImportColumns?
    private var rows = 0

    /// - Parameter pass: called with the number of each row, from 1.
    mutating func read(
        _ file: ImportFile, now: Timestamp, _ pass: (Int) throws(ImportError) -> Void
    ) throws(ImportError) {
        do throws(ImportError) {
            try file.forEachRecord { record throws(ImportError) in
                guard let columns else {
                    columns = try Self.columns(record, file)
                    return
                }
                rows += 1
                try pass(rows)
                var reader = RowReader(record, columns)
                let row = reader.isComplete ? Row(&reader, now: now) : nil
                for error in reader.errors { errors.add(error) }
                guard let row else { return }
                places.append(
                    Place(order: row.order, offset: record.offset, line: record.line, length: record.length))
            }
        } catch .rows(let broken, let path) {
            // The rows before it were read, so their errors are reported too.
            for error in broken.first { errors.add(error) }
            throw .rows(errors, path: path)
        }
        guard columns != nil else { throw .file("\(file.path) is empty: its first line must name the columns") }
        places.sort { ($0.order, $0.line) < ($1.order, $1.line) }
    }

    func summary(dryRun: Bool) -> ImportSummary {
        var summary = ImportSummary()
        summary.dryRun = dryRun
        summary.rows = Int64(rows)
        summary.ignoredColumns = columns?.ignored ?? []
        return summary
    }

    /// Reads the good rows again, in the order in which they are written.
    /// - Parameter each: called with the number of the row, from 1, its line in the file, and the row.
    func forEachRow(
        of file: ImportFile, now: Timestamp, _ each: (Int, _ line: Int, Row) throws(ImportError) -> Void
    ) throws(ImportError) {
        guard let columns else { return }
        var buffer: [UInt8] = []
        for (index, place) in places.enumerated() {
            let record = try file.record(at: place.offset, length: place.length, line: place.line, &buffer)
            var reader = RowReader(record, columns)
            guard reader.isComplete, let row = Row(&reader, now: now), row.order == place.order else {
                throw .file("\(file.path) was changed while it was read: repeat the import")
            }
            try each(index + 1, place.line, row)
        }
        try file.checkUnchanged()
    }

    private static func columns(_ header: CSVRecord, _ file: ImportFile) throws(ImportError) -> ImportColumns {
        do throws(RowError) {
            return try ImportColumns(header, names: Row.columns)
        } catch {
            var errors = RowErrors()
            errors.add(error)
            throw .rows(errors, path: file.path)
        }
    }
}
