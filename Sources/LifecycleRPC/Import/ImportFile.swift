internal import Glibc
internal import LifecycleCore
internal import LifecycleSQLite

/// A CSV file that is read twice: first from the beginning to the end, then record by record in another order. Not
/// `Sendable`: only one thread uses it.
package final class ImportFile {
    package let path: String
    private let descriptor: Int32
    private let size: Int
    private let modified: timespec
    private static let chunk = 1 << 18
    /// Of UTF-8. Spreadsheets write it. It is skipped.
    private static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]

    /// Follows symbolic links.
    package init(_ path: String) throws(ImportError) {
        self.path = path
        do throws(InputFile.Refusal) {
            descriptor = try InputFile.open(path)
        } catch {
            throw .file("\(path) \(error.reason)")
        }
        var status = stat()
        let isRead = fstat(descriptor, &status) == 0
        size = Int(status.st_size)
        modified = status.st_mtim
        guard isRead else {
            close(descriptor)
            throw .file("\(path) cannot be read")
        }
    }

    deinit { close(descriptor) }

    /// Reads the whole file.
    /// - Parameter each: called with every record, which is valid only during the call.
    func forEachRecord(_ each: (CSVRecord) throws(ImportError) -> Void) throws(ImportError) {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.chunk, alignment: 4096)
        defer { buffer.deallocate() }
        var offset = try hasByteOrderMark(buffer) ? Self.byteOrderMark.count : 0
        var reader = CSVReader(offset: offset)
        do {
            while true {
                let count = try read(into: buffer, at: offset)
                if count == 0 { break }
                offset += count
                let bytes = buffer.bindMemory(to: UInt8.self)
                let span = Span(_unsafeElements: UnsafeBufferPointer(rebasing: bytes[..<count]))
                var index = 0
                while try reader.read(span, from: &index) { try each(reader.record) }
            }
            if try reader.finish() { try each(reader.record) }
        } catch let error as CSVError {
            throw Self.notCSV(error, path)
        } catch let error as ImportError {
            throw error
        } catch {
            throw .file("cannot read \(path)")
        }
    }

    /// Reads one record again.
    func record(at offset: Int, length: Int, line: Int, _ buffer: inout [UInt8]) throws(ImportError) -> CSVRecord {
        if buffer.count < length { buffer = [UInt8](repeating: 0, count: length * 2) }
        var failure: ImportError?
        let count = buffer.withUnsafeMutableBytes { bytes -> Int in
            do throws(ImportError) {
                return try read(into: UnsafeMutableRawBufferPointer(rebasing: bytes[..<length]), at: offset)
            } catch {
                failure = error
                return 0
            }
        }
        if let failure { throw failure }
        guard count == length else { throw changed }
        var reader = CSVReader(offset: offset, line: line)
        var index = 0
        do throws(CSVError) {
            let span = buffer.span.extracting(first: length)
            if try reader.read(span, from: &index) { return reader.record }
            if try reader.finish() { return reader.record }
        } catch {}
        throw changed
    }

    /// Throws if the file was changed since it was opened. Must be called before the rows are kept.
    func checkUnchanged() throws(ImportError) {
        var status = stat()
        guard fstat(descriptor, &status) == 0, Int(status.st_size) == size, status.st_mtim.tv_sec == modified.tv_sec,
            status.st_mtim.tv_nsec == modified.tv_nsec
        else { throw changed }
    }

    private var changed: ImportError { .file("\(path) was changed while it was read: repeat the import") }

    private func hasByteOrderMark(_ buffer: UnsafeMutableRawBufferPointer) throws(ImportError) -> Bool {
        let start = UnsafeMutableRawBufferPointer(rebasing: buffer[..<Self.byteOrderMark.count])
        return try read(into: start, at: 0) == start.count && start.elementsEqual(Self.byteOrderMark)
    }

    private func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(ImportError) -> Int {
        do throws(StorageError) {
            return try POSIXFile.read(descriptor, into: buffer, at: offset, path)
        } catch {
            throw .file(error.message)
        }
    }

    private static func notCSV(_ error: CSVError, _ path: String) -> ImportError {
        var errors = RowErrors()
        errors.add(RowError(error))
        return .rows(errors, path: path)
    }
}
