internal import Glibc
package import LifecycleCore
package import LifecycleSQLite

/// The folder of the ledger. It is checked and locked before SQLite opens any file in it.
///
/// The order at a start: `init` (checks the folder and the file, takes the lock, checks that the database still exists,
/// locks the file itself), `rewriteWriteAheadLog()`, open the writer, migrate, `checkpoint(.truncate)`, `sync()`,
/// `markCreated()`. Keep the object for as long as the process lives, because it holds the locks.
package final class StateDirectory: Sendable {
    package let location: DatabasePath
    private let lock: LockFile
    /// `nil` if a restore replaces a database that does not exist yet, or on a network file system.
    private let databaseLock: DatabaseLock?

    /// The absolute path of the database, without symbolic links.
    package var databasePath: String { location.path }

    /// - Throws: `.cannotOpen` if a folder or a file is not safe to use, `.locked` if another daemon uses it, `.moved`
    ///   if a database was made here and is gone.
    /// - Parameters:
    ///   - isBrief: see `LockFile`.
    ///   - replacesDatabase: whether another database is put in its place, so that it need not exist.
    package init(
        databasePath: String, isBrief: Bool = false, replacesDatabase: Bool = false
    ) throws(StorageError) {
        try Self.createFolder(DatabasePath.split(databasePath).folder)
        let location = try DatabasePath(databasePath)
        try Self.checkFolder(location.directory)
        try Self.checkFile(location.path)
        if !replacesDatabase { try Self.checkNames(location) }
        let lock = try LockFile(location.lock, isBrief: isBrief)
        if !replacesDatabase {
            try Self.checkNotLost(location, wasCreated: lock.wasCreated())
            try POSIXFile.createIfMissing(location.path)
        }
        databaseLock = try DatabaseLock(location.path)
        self.location = location
        self.lock = lock
    }

    /// Must run before SQLite opens the database: see `WriteAheadLog`.
    /// - Returns: whether the last stop was unclean.
    package func rewriteWriteAheadLog() throws(StorageError) -> Bool {
        try WriteAheadLog.rewrite(location.writeAheadLog)
    }

    /// Records that the database was made. From now on a missing file is an error, and no new one is created. Durable
    /// when it returns.
    package func markCreated() throws(StorageError) {
        if try !lock.wasCreated() { try lock.markCreated() }
    }

    /// Makes the names of new files durable. SQLite does this for some of them, but ignores errors.
    package func sync() throws(StorageError) {
        try POSIXFile.sync(folder: location.directory)
    }

    // MARK: Steps

    /// Creates the last folder of the path, mode 0700, if its parent exists.
    private static func createFolder(_ folder: String) throws(StorageError) {
        guard try POSIXFile.status(folder) == nil else { return }
        guard mkdir(folder, 0o700) == 0 || errno == EEXIST else {
            throw StorageError(errno: errno, cannot: "create the folder \(folder)")
        }
        try POSIXFile.sync(folder: "\(folder)/..")
    }

    private static func checkFolder(_ folder: String) throws(StorageError) {
        guard let status = try POSIXFile.status(folder), status.isDirectory else {
            throw StorageError(.cannotOpen, "\(folder) is not a folder: give the path of a file in one")
        }
        if let danger = FolderAdvice.danger(of: "the folder", folder, status) {
            throw StorageError(.cannotOpen, danger)
        }
    }

    private static func checkFile(_ path: String) throws(StorageError) {
        guard let status = try POSIXFile.status(path) else { return }
        guard !status.isSymbolicLink else {
            throw StorageError(.cannotOpen, "\(path) is a symbolic link: give the path that it points to")
        }
        guard status.isRegularFile else {
            throw StorageError(.cannotOpen, "\(path) is not a regular file: give the path of a database")
        }
        let user = geteuid()
        // The folder was checked before and belongs to the user, so the user may change files in it.
        let command = ShellWord.quoted(path)
        guard user == 0 || status.st_uid == user else {
            let advice =
                status.st_nlink == 1 ? "as root, run chown \(user) \(command)" : "give the path of a file of its own"
            throw StorageError(.cannotOpen, "\(path) belongs to uid \(status.st_uid): \(advice)")
        }
        guard !status.isWritableByOthers else {
            let advice = status.st_uid == user ? "run chmod 0600 \(command)" : "give the path of a file of its own"
            throw StorageError(.cannotOpen, "other users may write to \(path): \(advice)")
        }
    }

    /// Each name has its own lock and WAL. Daemons that use two names of one file would overwrite each other's commits.
    private static func checkNames(_ location: DatabasePath) throws(StorageError) {
        guard let status = try POSIXFile.status(location.path), status.st_nlink > 1,
            let descriptor = try POSIXFile.open(location.directory, O_RDONLY | O_DIRECTORY)
        else { return }
        let folder = OpenFolder(descriptor, path: location.directory)
        // An interrupted restore leaves a second name under which it keeps the file.
        let kept = folder.names().filter { folder.file($0).hasPrefix(PreviousDatabase.prefix(of: location)) }.count {
            folder.status($0)?.st_ino == status.st_ino
        }
        guard status.st_nlink <= 1 + kept else {
            throw StorageError(
                .cannotOpen,
                "\(location.path) has another name, a hard link, where a second daemon could use it: remove that name, "
                    + "or give the path of a copy")
        }
    }

    /// SQLite would silently start an empty ledger and delete the WAL with the last commits. It treats an empty file
    /// like a missing one.
    private static func checkNotLost(_ location: DatabasePath, wasCreated: Bool) throws(StorageError) {
        let size = try POSIXFile.status(location.path)?.st_size ?? 0
        let logSize = try POSIXFile.status(location.writeAheadLog)?.st_size ?? 0
        guard size > 0 || (!wasCreated && logSize == 0) else {
            throw StorageError(
                .moved,
                """
                the database file \(location.path) is gone: restore a backup, or remove \(location.lock) and \
                \(location.writeAheadLog) to start with an empty ledger
                """)
        }
    }
}
