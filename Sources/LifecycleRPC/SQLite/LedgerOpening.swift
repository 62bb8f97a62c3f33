internal import LifecycleCore
internal import LifecycleSQLite

/// Opens the ledger, repairs it and migrates it to the newest schema. The caller holds the lock.
struct LedgerOpening {
    let database: Database
    let log: LogKeeper
    /// Whether the WAL was not empty: the last run was killed, or could not empty the WAL.
    let hadLog: Bool

    /// - Throws: `.full` among others, if there is no room for necessary writes. A checkpoint for which there is no
    ///   room is left for later.
    init(
        _ directory: StateDirectory, uptime: @escaping Uptime = systemUptime,
        onReport: @escaping @Sendable (LogReport) -> Void = { _ in },
        freeSnapshots: @escaping @Sendable () -> Void = {}
    ) throws(StorageError) {
        let path = directory.databasePath
        let ballast = try Ballast(databasePath: path)
        // Makes room for the index of the WAL, which SQLite creates before anything else.
        let free = DiskSpace.free(at: directory.location.directory) ?? .max
        var room = LogRoom()
        room.frames = (DiskSpace.size(of: directory.location.writeAheadLog) ?? 0) / LogRoom.frame
        if free < room.margin { ballast.shrink(to: ballast.bytes - room.margin) }

        // On a file system that never writes in place this also needs room.
        hadLog = try Self.makingRoom(ballast) { () throws(StorageError) in try directory.rewriteWriteAheadLog() }
        let database = try Database(path: path, mode: .writer)
        self.database = database
        log = try LogKeeper(database, ballast, uptime: uptime, onReport: onReport, freeSnapshots: freeSnapshots)
        do throws(StorageError) {
            try log.empty()
        } catch {
            // A reader or a lack of room prevents the checkpoint. The WAL is complete, so reads and refunds can use it.
            guard error.isPassing else { throw error }
        }
        // Fails here if another program holds the write lock, which would block all writes.
        try database.execute("BEGIN IMMEDIATE; ROLLBACK")
        try Self.makingRoom(ballast) { () throws(StorageError) in
            _ = try Migrator.run(Schema.migrations, on: database)
        }
        try directory.sync()
        try directory.markCreated()
    }

    private static func makingRoom<Value>(
        _ ballast: Ballast, _ body: () throws(StorageError) -> Value
    ) throws(StorageError) -> Value {
        do throws(StorageError) {
            return try body()
        } catch {
            guard error.kind == .full, ballast.release() else { throw error }
            return try body()
        }
    }
}
