internal import LifecycleCore
internal import LifecycleSQLite

/// The ledger, opened, repaired and brought to the newest schema, by whoever has its lock.
struct LedgerOpening {
    let database: Database
    let log: LogKeeper
    /// The last run did not end in order, or could not empty its log.
    let hadLog: Bool

    /// - Throws: also `.full`, when there is no room for what must be written; not for what can be copied later.
    init(
        _ directory: StateDirectory, uptime: @escaping Uptime = systemUptime,
        onReport: @escaping @Sendable (LogReport) -> Void = { _ in },
        freeSnapshots: @escaping @Sendable () -> Void = {}
    ) throws(StorageError) {
        let path = directory.databasePath
        let ballast = try Ballast(databasePath: path)
        // For the log's index, which SQLite makes before anything else.
        let free = DiskSpace.free(at: directory.location.directory) ?? .max
        var room = LogRoom()
        room.frames = (DiskSpace.size(of: directory.location.writeAheadLog) ?? 0) / LogRoom.frame
        if free < room.margin { ballast.shrink(to: ballast.bytes - room.margin) }

        // On a file system that never writes in place this needs room, too.
        hadLog = try Self.makingRoom(ballast) { () throws(StorageError) in try directory.rewriteWriteAheadLog() }
        let database = try Database(path: path, mode: .writer)
        self.database = database
        log = try LogKeeper(database, ballast, uptime: uptime, onReport: onReport, freeSnapshots: freeSnapshots)
        do throws(StorageError) {
            try log.empty()
        } catch {
            // A reader, or a lack of room, is in the way. The log is whole: reads and refunds go on from it.
            guard error.isPassing else { throw error }
        }
        // Whoever holds this lock would keep all writes out.
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
