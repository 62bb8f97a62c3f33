internal import Glibc
internal import LifecycleCore
internal import LifecycleSQLite

/// Whether there is a database at a path, for work that an admin starts by hand. A mistyped path must not create a
/// second ledger that no daemon serves.
enum DatabasePresence {
    case present
    /// A database was made here and is gone: the lock file says so, or a WAL is left.
    case lost
    case absent

    init(_ path: String) throws(StorageError) {
        _ = try DatabasePath.split(path)
        // `StateDirectory` also takes an empty file for a missing one.
        if let status = try POSIXFile.status(path), !status.isRegularFile || status.st_size > 0 {
            self = .present
        } else if let log = try POSIXFile.status(path + "-wal"), log.st_size > 0 {
            self = .lost
        } else {
            self = try LockFile.saysCreated(path + ".lock") ? .lost : .absent
        }
    }

    /// - Parameter mayCreate: whether `--create` was given.
    /// - Returns: whether the database will be new.
    static func isNew(_ path: String, mayCreate: Bool) throws(StorageError) -> Bool {
        guard case .absent = try DatabasePresence(path) else { return false }
        guard mayCreate else { throw refusal(path) }
        return true
    }

    private static func refusal(_ path: String) -> StorageError {
        let isPackaged = path.utf8.elementsEqual(PackagedPaths.database.utf8)
        let advice =
            isPackaged
            ? "start the daemon once, which makes it, or give --create"
            : "give the daemon's own (the package's is \(PackagedPaths.database)), or --create for a new one"
        return StorageError(.cannotOpen, code: ENOENT, "there is no database \(path): \(advice)")
    }
}
