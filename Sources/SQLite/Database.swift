internal import CSQLite

/// One connection to the ledger's file.
///
/// Not `Sendable`: opened without SQLite's mutexes, so it and its statements stay on one thread. Exactly one `.writer`
/// may exist on a file, and only it writes and checkpoints: SQLite before 3.51.3 loses commits otherwise.
package final class Database {
    package enum Mode {
        case writer, reader
        /// A file that nobody else opens: a backup in the making, or one that is examined. Without a WAL and without
        /// syncs, which are left to whoever owns the file.
        case copy
        /// In memory, without a file: to see what SQL makes.
        case memory
    }

    package enum CheckpointMode {
        /// Copies what it can without waiting for readers.
        case passive
        /// Copies everything and empties the WAL; `.busy` when a reader or a writer is in the way for 250 ms.
        case truncate
    }

    package let path: String
    package let mode: Mode
    /// Frames in the WAL after the last commit; 0 once a checkpoint has copied them all. To decide when to checkpoint.
    package private(set) var walFrames: Int32 = 0

    /// Nobody asks for SQLite's memory statistics, and they cost a lock at each of its allocations. Once a process,
    /// before its first connection; without effect, and without harm, later.
    private static let hasNoMemoryStatistics = lifecycle_sqlite3_disable_memory_statistics() == SQLITE_OK

    private var handle: OpaquePointer?
    private var statements: [ObjectIdentifier: WeakStatement] = [:]

    private struct WeakStatement {
        weak var statement: Statement?
    }

    /// SQLite's word for no file at all.
    private static let memoryPath = ":memory:"

    /// A new and empty one in memory.
    package static func inMemory() throws(StorageError) -> Database { try Database(path: memoryPath, mode: .memory) }

    /// Opens the file; the writer creates it, mode 0600, when it is missing. Its folder must exist, and the file itself
    /// must not be a symbolic link.
    package init(path: String, mode: Mode) throws(StorageError) {
        // Absolute, as SQLite takes `file:…` for a URI; and without links, which NOFOLLOW refuses anywhere in a path.
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
        // SQLite opens what it may not write to for reading only, and says so at the first write.
        guard mode == .reader || sqlite3_db_readonly(opened, "main") == 0 else {
            throw StorageError(.readOnly, "\(path) cannot be written: check its owner, its mode and the mount options")
        }
        try configure()
        observeCommits()
    }

    deinit {
        // Every statement holds its database: none is left here.
        sqlite3_close_v2(handle)
    }

    /// Finalizes all statements and closes, without a checkpoint: only `checkpoint(.truncate)` before it makes the stop
    /// a clean one.
    package func close() throws(StorageError) {
        for entry in statements.values { entry.statement?.finalize() }
        statements.removeAll()
        let code = sqlite3_close(handle)
        guard code == SQLITE_OK else { throw error(code) }
        handle = nil
    }

    // MARK: Statements

    /// A statement to keep and reuse.
    package func prepare(_ sql: String) throws(StorageError) -> Statement {
        let statement = try Statement(sql, on: self, handle: openHandle(), persistent: true)
        statements[ObjectIdentifier(statement)] = WeakStatement(statement: statement)
        return statement
    }

    func forget(_ statement: Statement) { statements[ObjectIdentifier(statement)] = nil }

    /// Runs one or more statements, ignoring rows: schema, pragmas, BEGIN and COMMIT.
    package func execute(_ sql: String) throws(StorageError) {
        let code = sqlite3_exec(try openHandle(), sql, nil, nil, nil)
        guard code == SQLITE_OK else { throw error(code) }
    }

    /// The first column of the first row; nil when there is no row or it is NULL.
    package func integer(_ sql: String) throws(StorageError) -> Int64? {
        let statement = try Statement(sql, on: self, handle: openHandle(), persistent: false)
        return try statement.step() ? statement.optionalInteger(0) : nil
    }

    /// As `integer(_:)`, for a text.
    package func text(_ sql: String) throws(StorageError) -> String? {
        let statement = try Statement(sql, on: self, handle: openHandle(), persistent: false)
        return try statement.step() ? statement.optionalText(0) : nil
    }

    // MARK: State

    /// Rows changed by the last INSERT, UPDATE or DELETE, triggers not counted.
    package var changes: Int64 { handle.map { sqlite3_changes64($0) } ?? 0 }

    package var lastInsertedRow: Int64 { handle.map { sqlite3_last_insert_rowid($0) } ?? 0 }

    /// Ask after an error: SQLite rolls the whole transaction back by itself on some of them (disk full, I/O).
    package var isInTransaction: Bool { handle.map { sqlite3_get_autocommit($0) == 0 } ?? false }

    /// Ends the transaction without effect, if there still is one.
    package func rollBack() {
        if isInTransaction { try? execute("ROLLBACK") }
    }

    // MARK: Checkpoint

    /// Copies the WAL into the database file. The writer only, outside a transaction and with every statement reset.
    /// - Returns: frames in the WAL, and how many of them are in the database file now.
    /// - Parameter waits: 250 ms for readers that are in the way; `.passive` never does.
    /// - Throws: `.busy` when readers kept it from finishing (`.truncate` only), `.misuse` on a reader.
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

    /// Frees the pages in its cache that nothing uses just now.
    package func giveBackMemory() { sqlite3_db_release_memory(handle) }

    /// The hook takes the place of SQLite's automatic checkpoint, whose errors nobody sees.
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

    /// Of the call that has just failed with `code` on this connection.
    func error(_ code: Int32) -> StorageError {
        StorageError(
            sqlite: code,
            detail: String(cString: handle == nil ? sqlite3_errstr(code) : sqlite3_errmsg(handle)),
            systemError: handle == nil ? 0 : sqlite3_system_errno(handle),
            path: path)
    }
}
