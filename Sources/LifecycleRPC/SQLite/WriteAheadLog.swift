internal import Glibc
internal import LifecycleSQLite

/// Makes sure, before SQLite opens the database, that the WAL we can read is the WAL on the disk.
///
/// When a sync fails the kernel marks the pages clean and forgets them: the page cache then shows commits that the disk
/// does not have, and a later sync says ok. The same bytes written again are dirty again, and the sync means something.
/// Only ever done before the database is open: closing a descriptor of SQLite's files drops its locks on them.
enum WriteAheadLog {
    private static let chunk = 1 << 20

    /// - Returns: whether there was anything in it, which means that the last stop was unclean.
    static func rewrite(_ path: String) throws(StorageError) -> Bool {
        guard let descriptor = try POSIXFile.open(path, O_RDWR) else { return false }
        defer { close(descriptor) }
        let status = try POSIXFile.status(descriptor, path)
        guard status.isRegularFile else {
            throw StorageError(.cannotOpen, "\(path) is not a regular file: remove it")
        }
        guard status.st_size > 0 else { return false }

        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: min(chunk, status.st_size), alignment: 4096)
        defer { buffer.deallocate() }
        var offset = 0
        while true {
            let count = try POSIXFile.read(descriptor, into: buffer, at: offset, path)
            if count == 0 { break }
            try POSIXFile.write(descriptor, UnsafeRawBufferPointer(rebasing: buffer[..<count]), at: offset, path)
            offset += count
        }
        try POSIXFile.sync(descriptor, path)
        return true
    }
}
