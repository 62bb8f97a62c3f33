internal import Glibc
internal import LifecycleCore
internal import LifecycleSQLite

/// The ledger, opened for work that no daemon may be beside: the same lock, repairs and migrations as at the daemon's
/// start. Nothing is swept, nobody is served. Not `Sendable`: used where it was made.
final class OfflineLedger {
    let transaction: SQLiteWriteTransaction
    private let database: Database
    private let log: LogKeeper
    private let ballastBefore: Int64
    private let directory: StateDirectory
    /// In KiB. Rows of old ids go all over an index: it must fit in, or each of them writes a page of its own.
    private static let cacheSize = 262_144

    /// - Throws: `.locked` when a daemon runs on it.
    init(path: String) throws(StorageError) {
        directory = try StateDirectory(databasePath: path)
        ballastBefore = try Ballast(databasePath: directory.databasePath).bytes
        let opening = try LedgerOpening(directory)
        database = opening.database
        log = opening.log
        // What a reader or a full disk keeps from being copied would only grow.
        try log.empty()
        try database.execute("PRAGMA cache_size = -\(Self.cacheSize)")
        // Nothing is settled here: nobody need look for what is due.
        let nextDeadline = NextDeadline()
        nextDeadline.time = Timestamp(milliseconds: .max)
        transaction = try SQLiteWriteTransaction(database, nextDeadline, sinceStart: systemSinceStart)
    }

    func begin() throws(StorageError) { try database.execute("BEGIN IMMEDIATE") }

    /// - Throws: `.full` also when the log could be written, and not copied: nothing is committed then.
    func commit() throws(StorageError) {
        try log.prepareCommit(isCharge: true)
        try database.execute("COMMIT")
        log.committed()
    }

    func rollBack() { database.rollBack() }

    /// Empties the WAL, which makes it a clean stop, and closes.
    func close() throws(StorageError) {
        defer { log.endWork(ballastBefore: ballastBefore) }
        try log.empty()
        try database.close()
    }
}
