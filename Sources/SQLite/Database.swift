internal import CSQLite
package import LifecycleCore

/// One connection to the file of the ledger.
///
/// Not `Sendable`: opened without the mutexes of SQLite, so it and its statements stay on one thread. Exactly one
/// `.writer` may exist for a file, and only this one writes and makes checkpoints. Otherwise SQLite before 3.51.3 can
/// lose commits.
package final class Database {
    package enum Mode {
        case writer, reader
        /// A file that no other connection opens: a backup that is being made or examined. It has no WAL and is not
        /// synced. The owner of the file syncs it.
        case copy
        /// In memory, without a file, to see what SQL text makes.
        case memory
    }

    package enum CheckpointMode {
        /// Copies what it can without waiting for readers.
        case passive
        /// Copies everything and empties the WAL. Throws `.busy` if a reader or a writer prevents this for 250 ms.
        case truncate
    }

    package let path: String
    package let mode: Mode
    /// The number of frames in the WAL after the last commit; 0 if a checkpoint has copied them all. It decides when to
    /// make a checkpoint.
    package private(set) var walFrames: Int32 = 0

    /// The memory statistics of SQLite are not used, and each of its allocations would take a lock for them. They are
    /// turned off once per process, before its first connection. Later calls do nothing.
    private static let hasNoMemoryStatistics = lifecycle_sqlite3_disable_memory_statistics() == SQLITE_OK

    private var handle: OpaquePointer?
    private var statements: [ObjectIdentifier: WeakStatement] = [:]

    private struct WeakStatement {
        weak var statement: Statement?
    }

    /// SQLite's name for a database without a file.
    private static let memoryPath = ":memory:"

    /// Opens a new, empty database in memory.
    package static func inMemory() throws(StorageError) -> Database { try Database(path: memoryPath, mode: .memory) }

    /// Opens the file. The writer creates it with mode 0600 if it is missing. The folder must exist, and the file must
    /// not be a symbolic link.
    package init(path: String, mode: Mode) throws(StorageError) {
        // The path is absolute, because SQLite takes `file:…` for a URI. It has no symbolic links, because NOFOLLOW
        // refuses them anywhere in a path.
        let path = mode == .memory ? Self.memoryPath : try DatabasePath(path).path
        if mode == .writer { try POSIXFile.createIfMissing(path) }
        _ = Self.hasNoMemoryStatistics
        var opened: OpaquePointer?
        let access = mode == .reader ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE
        let flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_EXRESCODE
        let code = sqlite3_open_v2(path, &opened, access | flags, nil)
        self.path = path
        self.mode = mode
        self.handle = opened
        guard code == SQLITE_OK else { throw error(code) }
        // SQLite opens a file that it may not write as read-only, and reports this at the first write.
        guard mode == .reader || sqlite3_db_readonly(opened, "main") == 0 else {
            throw StorageError(.readOnly, "\(path) cannot be written: check its owner, its mode and the mount options")
        }
        try configure()
        observeCommits()
    }

    deinit {
        // Every statement holds its database, so no statement is left here.
        sqlite3_close_v2(handle)
    }

    /// Finalizes all statements and closes the connection. It makes no checkpoint: for a clean stop call
    /// `checkpoint(.truncate)` before.
    package func close() throws(StorageError) {
        for entry in statements.values { entry.statement?.finalize() }
        statements.removeAll()
        let code = sqlite3_close(handle)
        guard code == SQLITE_OK else { throw error(code) }
        handle = nil
    }

    // MARK: Statements

    /// Prepares a statement that is kept and reused.
    package func prepare(_ sql: String) throws(StorageError) -> Statement {
        let statement = try Statement(sql, on: self, handle: openHandle(), persistent: true)
        statements[ObjectIdentifier(statement)] = WeakStatement(statement: statement)
        return statement
    }

    func forget(_ statement: Statement) { statements[ObjectIdentifier(statement)] = nil }

    /// Runs one or more statements and ignores their rows. For schemas, pragmas, BEGIN and COMMIT.
    package func execute(_ sql: String) throws(StorageError) {
        let code = sqlite3_exec(try openHandle(), sql, nil, nil, nil)
        guard code == SQLITE_OK else { throw error(code) }
    }

    /// The first column of the first row; `nil` if there is no row or the value is NULL.
    package func integer(_ sql: String) throws(StorageError) -> Int64? {
        let statement = try Statement(sql, on: self, handle: openHandle(), persistent: false)
        return try statement.step() ? statement.optionalInteger(0) : nil
    }

    /// The same as `integer(_:)` for a text.
    package func text(_ sql: String) throws(StorageError) -> String? {
        let statement = try Statement(sql, on: self, handle: openHandle(), persistent: false)
        return try statement.step() ? statement.optionalText(0) : nil
    }

    // MARK: State

    /// The number of rows that the last INSERT, UPDATE or DELETE changed, without those changed by triggers.
    package var changes: Int64 { handle.map { sqlite3_changes64($0) } ?? 0 }

    package var lastInsertedRow: Int64 { handle.map { sqlite3_last_insert_rowid($0) } ?? 0 }

    /// Check this after an error: after some errors (disk full, I/O) SQLite has already rolled the whole transaction
    /// back.
    package var isInTransaction: Bool { handle.map { sqlite3_get_autocommit($0) == 0 } ?? false }

    /// Rolls the transaction back, if one is open.
    package func rollBack() {
        if isInTransaction { try? execute("ROLLBACK") }
    }

    // MARK: Checkpoint

    /// Copies the WAL into the database file. Only for the writer, outside a transaction and with all statements reset.
    /// - Parameter waits: whether to wait up to 250 ms for readers that prevent the copy. `.passive` never waits.
    /// - Returns: the number of frames in the WAL, and how many of them are in the database file now.
    /// - Throws: `.busy` if readers prevented the end of the copy (`.truncate` only), `.misuse` on a reader.
    @discardableResult
    package func checkpoint(
        _ mode: CheckpointMode, waits: Bool = true
    ) throws(StorageError) -> (logFrames: Int32, checkpointed: Int32) {
        guard self.mode == .writer else { throw StorageError(.misuse, "only the writer may checkpoint") }
        var frames: Int32 = -1
        var copied: Int32 = -1
        let sqliteMode = mode == .passive ? SQLITE_CHECKPOINT_PASSIVE : SQLITE_CHECKPOINT_TRUNCATE
        let connection = try openHandle()
        if !waits { sqlite3_busy_timeout(connection, 0) }
        defer { if !waits { sqlite3_busy_timeout(connection, Self.busyTimeout) } }
        let code = sqlite3_wal_checkpoint_v2(connection, "main", sqliteMode, &frames, &copied)
        guard code == SQLITE_OK else { throw error(code) }
        walFrames = frames == copied ? 0 : frames
        return (frames, copied)
    }

    /// Frees the unused pages of the cache.
    package func giveBackMemory() { sqlite3_db_release_memory(handle) }

    /// This hook replaces the automatic checkpoint of SQLite, whose errors would not be noticed.
    private func observeCommits() {
        let context = Unmanaged.passUnretained(self).toOpaque()  // `deinit` closes the connection, and the hook with it
        let hook: @convention(c) (UnsafeMutableRawPointer?, OpaquePointer?, UnsafePointer<CChar>?, Int32) -> Int32 = {
            context, _, _, frames in
            guard let context else { return SQLITE_OK }
            Unmanaged<Database>.fromOpaque(context).takeUnretainedValue().walFrames = frames
            return SQLITE_OK
        }
        sqlite3_wal_hook(handle, hook, context)
    }

    // MARK: Errors

    func openHandle() throws(StorageError) -> OpaquePointer {
        guard let handle else { throw StorageError(.misuse, "\(path) was used after it was closed") }
        return handle
    }

    /// The error of the call that has just failed with `code` on this connection.
    func error(_ code: Int32) -> StorageError {
        StorageError(
            sqlite: code,
            detail: String(cString: handle == nil ? sqlite3_errstr(code) : sqlite3_errmsg(handle)),
            systemError: handle == nil ? 0 : sqlite3_system_errno(handle),
            path: path)
    }
}
