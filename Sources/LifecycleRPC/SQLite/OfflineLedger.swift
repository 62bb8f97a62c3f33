internal import Glibc
internal import LifecycleCore
internal import LifecycleSQLite

/// The ledger, opened for work while no daemon may run, with the same lock, repairs and migrations as at a daemon's
/// start. It expires nothing and serves no callers. Not `Sendable`: used on the thread that made it.
final class OfflineLedger {
    let transaction: WriteTransaction
    private let database: Database
    private let log: LogKeeper
    private let ballastBefore: Int64
    private let directory: StateDirectory
    /// In KiB. Rows with old ids are spread over all of an index. If the index does not fit into the cache, each of
    /// them writes one page.
    private static let cacheSize = 262_144

    /// - Throws: `.locked` if a daemon runs on the ledger.
    init(path: String) throws(StorageError) {
        directory = try StateDirectory(databasePath: path)
        ballastBefore = try Ballast(databasePath: directory.databasePath).bytes
        let opening = try LedgerOpening(directory)
        database = opening.database
        log = opening.log
        // If a reader or a full disk prevents this now, the WAL would only grow during the work.
        try log.empty()
        try database.execute("PRAGMA cache_size = -\(Self.cacheSize)")
        // Nothing is expired here, so no transaction has to look for due projects.
        let nextDeadline = NextDeadline()
        nextDeadline.time = Timestamp(milliseconds: .max)
        transaction = WriteTransaction(
            try SQLiteWriteTransaction(database, sinceStart: systemSinceStart), nextDeadline)
    }

    func begin() throws(StorageError) { try database.execute("BEGIN IMMEDIATE") }

    /// - Throws: `.full` also if the WAL could be written but not copied. Nothing is committed then.
    func commit() throws(StorageError) {
        try log.prepareCommit(isCharge: true)
        try database.execute("COMMIT")
        log.committed()
    }

    func rollBack() { database.rollBack() }

    /// Empties the WAL, so that the next start sees a clean stop, and closes the database.
    func close() throws(StorageError) {
        defer { log.endWork(ballastBefore: ballastBefore) }
        try log.empty()
        try database.close()
    }
}
