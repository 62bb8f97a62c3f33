internal import Glibc
internal import LifecycleCore
internal import LifecycleSQLite

/// What there is at a database's path, for work by hand: a path that is mistyped must not begin a second ledger, which
/// nobody serves.
enum DatabasePresence {
    case present
    /// It was made once and is gone: its lock says so, or a part of it is left.
    case lost
    case absent

    init(_ path: String) throws(StorageError) {
        _ = try DatabasePath.split(path)
        // As `StateDirectory` has it: an empty file is none.
        if let status = try POSIXFile.status(path), !status.isRegularFile || status.st_size > 0 {
            self = .present
        } else if let log = try POSIXFile.status(path + "-wal"), log.st_size > 0 {
            self = .lost
        } else {
            self = try LockFile.saysCreated(path + ".lock") ? .lost : .absent
        }
    }

    /// - Parameter mayCreate: `--create`.
    /// - Returns: whether it will be new.
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
