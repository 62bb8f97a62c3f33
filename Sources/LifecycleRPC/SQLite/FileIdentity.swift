internal import Glibc
package import LifecycleCore
internal import LifecycleSQLite

/// Notices when the open database or its WAL was deleted or replaced. SQLite would continue to commit to files without
/// a name, and all acknowledged writes would be lost at the next start. It also checks the lock file: if that is
/// replaced, a second daemon could start.
package struct FileIdentity: Sendable {
    private struct File {
        let path: String
        let device: dev_t
        let inode: ino_t
        /// The size in bytes at the opening. A database that is smaller later was cut off. 0 for the WAL and the lock
        /// file, which may shrink.
        var leastSize: off_t = 0
    }

    private let database: File
    private let writeAheadLog: File
    /// `nil` if the database was opened without a lock file.
    private let lock: File?

    /// Call it when the writer is open and has read or written something, because the WAL must exist.
    package init(databasePath: String) throws(StorageError) {
        let location = try DatabasePath(databasePath)
        var database = try Self.identify(location.path)
        database.leastSize = try POSIXFile.status(location.path)?.st_size ?? 0
        self.database = database
        writeAheadLog = try Self.identify(location.writeAheadLog)
        lock = try? Self.identify(location.lock)
    }

    /// Takes three `lstat` calls, which is cheap enough for every commit. The files are not opened, because closing
    /// them would drop the locks of SQLite.
    /// - Throws: `.moved`, or `.io` if the check itself fails.
    package func verify() throws(StorageError) {
        try Self.verify(database)
        try Self.verify(writeAheadLog)
        if let lock { try Self.verify(lock) }
    }

    /// The same without the WAL, which a clean stop has emptied.
    func verifyDatabase() throws(StorageError) { try Self.verify(database) }

    /// True if the database is in place and the WAL is gone. The last commits are then only in the WAL that this
    /// process has open.
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
            // Always `.io`, whatever the `errno`. The check comes after a COMMIT, so `.full` would wrongly say that
            // nothing was written.
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
