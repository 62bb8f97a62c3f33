internal import Glibc
internal import LifecycleCore

/// The ledger, opened for work that no daemon may be beside: the same lock, repairs and migrations as at the daemon's
/// start. Nothing is swept, nobody is served. Not `Sendable`: used where it was made.
final class OfflineLedger {
    let transaction: SQLiteWriteTransaction
    private let database: Database
    private let directory: StateDirectory
    /// In KiB. Rows of old ids go all over an index: it must fit in, or each of them writes a page of its own.
    private static let cacheSize = 262_144

    /// - Throws: `.locked` when a daemon runs on it.
    init(path: String) throws(StorageError) {
        directory = try StateDirectory(databasePath: path)
        _ = try directory.rewriteWriteAheadLog()
        database = try Database(path: directory.databasePath, mode: .writer)
        try database.checkpoint(.truncate)
        try Migrator.run(Schema.migrations, on: database)
        try directory.sync()
        try directory.markCreated()
        try database.execute("PRAGMA cache_size = -\(Self.cacheSize)")
        // Nothing is settled here: nobody need look for what is due.
        let nextDeadline = NextDeadline()
        nextDeadline.time = Timestamp(milliseconds: .max)
        transaction = try SQLiteWriteTransaction(database, nextDeadline)
    }

    func begin() throws(StorageError) { try database.execute("BEGIN IMMEDIATE") }
    func commit() throws(StorageError) { try database.execute("COMMIT") }

    func rollBack() {
        // SQLite has ended the transaction itself after some errors.
        if database.isInTransaction { try? database.execute("ROLLBACK") }
    }

    /// Empties the WAL, which makes it a clean stop, and closes.
    func close() throws(StorageError) {
        try database.checkpoint(.truncate)
        try database.close()
    }
}
