internal import Glibc
internal import LifecycleCore
internal import LifecycleSQLite

/// Ensures, before SQLite opens the database, that the WAL that can be read is also on the disk.
///
/// When a sync fails, the kernel marks the pages as clean. The page cache then shows commits that are not on the disk,
/// and a later sync succeeds without writing them. Writing the same bytes again makes the pages dirty again, so that
/// the sync is meaningful. Do this only before the database is open: closing a descriptor of a file of SQLite drops its
/// locks.
enum WriteAheadLog {
    private static let chunk = 1 << 20

    /// - Returns: whether the WAL had any bytes, which means that the last stop was unclean.
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
