internal import Glibc
package import LifecycleSQLite

/// Notices that the open database or its WAL was deleted or replaced: SQLite would go on committing to files without
/// a name, and every answered write would be lost at the next start. And the lock: a second daemon could start beside us.
package struct FileIdentity: Sendable {
    private struct File {
        let path: String
        let device: dev_t
        let inode: ino_t
        /// Bytes that it had when it was opened. The database never shrinks; the WAL and the lock may.
        var leastSize: off_t = 0
    }

    private let database: File
    private let writeAheadLog: File
    /// nil when nobody had locked it.
    private let lock: File?

    /// Once the writer is open and has read or written something: the WAL must exist.
    package init(databasePath: String) throws(StorageError) {
        let location = try DatabasePath(databasePath)
        var database = try Self.identify(location.path)
        database.leastSize = try POSIXFile.status(location.path)?.st_size ?? 0
        self.database = database
        writeAheadLog = try Self.identify(location.writeAheadLog)
        lock = try? Self.identify(location.lock)
    }

    /// Three `lstat` calls, no open (closing would drop SQLite's locks). Cheap enough for every commit.
    /// - Throws: `.moved`, or `.io` when it cannot be told.
    package func verify() throws(StorageError) {
        try Self.verify(database)
        try Self.verify(writeAheadLog)
        if let lock { try Self.verify(lock) }
    }

    /// As `verify()`, without the WAL, which an orderly stop has emptied.
    func verifyDatabase() throws(StorageError) { try Self.verify(database) }

    /// The database is still there, and its WAL is not: what this process has open is all that there is of it.
    var hasLostLogOnly: Bool {
        do throws(StorageError) {
            try verifyDatabase()
            return try POSIXFile.status(writeAheadLog.path).map { _ in false } ?? true
        } catch {
            return false
        }
    }

    private static func identify(_ path: String) throws(StorageError) -> File {
        guard let status = try POSIXFile.status(path) else { throw moved(path) }
        return File(path: path, device: status.st_dev, inode: status.st_ino)
    }

    private static func verify(_ file: File) throws(StorageError) {
        let status: stat?
        do throws(StorageError) {
            status = try POSIXFile.status(file.path)
        } catch {
            // Whatever its errno: it comes after a COMMIT, so it is not the full disk to which nothing was written.
            throw StorageError(.io, code: error.code, error.message)
        }
        guard let status, status.st_dev == file.device, status.st_ino == file.inode else { throw moved(file.path) }
        guard status.st_size >= file.leastSize else {
            throw StorageError(.moved, "\(file.path) was cut off while in use: restore a backup, and restart")
        }
    }

    private static func moved(_ path: String) -> StorageError {
        StorageError(
            .moved, "\(path) was deleted or replaced while in use: put it back, or restore a backup, and restart")
    }
}
