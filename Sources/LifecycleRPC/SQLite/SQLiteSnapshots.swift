internal import LifecycleCore
internal import LifecycleSQLite

/// Opens read-only connections to the file of a ledger.
struct SQLiteSnapshots: LedgerSnapshots {
    /// Holds the locks for as long as the ledger may be read.
    let directory: StateDirectory
    let backups: Backups

    /// COMMIT syncs the WAL before it marks the end of the commit in the index of the WAL, which readers read.
    var showsUndurableCommits: Bool { false }

    func makeReader() throws(StorageError) -> sending any LedgerReader {
        try SQLiteReader(path: directory.databasePath, backups: backups)
    }
}

/// A read-only connection. Not `Sendable`: used on one thread only.
final class SQLiteReader: LedgerReader {
    private let database: Database
    private let snapshot: SQLiteReadTransaction
    private let begin: Statement
    private let end: Statement

    init(path: String, backups: Backups? = nil) throws(StorageError) {
        database = try Database(path: path, mode: .reader)
        snapshot = try SQLiteReadTransaction(database)
        snapshot.backups = backups
        begin = try database.prepare("BEGIN")
        end = try database.prepare("COMMIT")
    }

    var reads: any LedgerReads { snapshot }

    func openSnapshot() throws(StorageError) {
        guard !database.isInTransaction else { return }
        try begin.run()
    }

    func endSnapshot() {
        if database.isInTransaction { try? end.run() }
    }

    var interrupter: any ReadInterrupter { get throws(StorageError) { try database.interrupter } }

    func giveBackMemory() { database.giveBackMemory() }
}
