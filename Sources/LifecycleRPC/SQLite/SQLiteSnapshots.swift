internal import LifecycleCore
internal import LifecycleSQLite

/// Opens read-only connections to the file of a ledger.
struct SQLiteSnapshots: LedgerSnapshots {
    /// Holds the locks for as long as the ledger may be read.
    let directory: StateDirectory
    let nextDeadline: NextDeadline
    let backups: Backups

    /// COMMIT syncs the WAL before it marks the end of the commit in the index of the WAL, which readers read.
    var showsUndurableCommits: Bool { false }

    func makeReader() throws(StorageError) -> sending any LedgerReader {
        try SQLiteReader(path: directory.databasePath, nextDeadline, backups: backups)
    }
}

/// A read-only connection. Not `Sendable`: used on one thread only.
final class SQLiteReader: LedgerReader {
    private let database: Database
    private let snapshot: SQLiteReadTransaction
    private let begin: Statement
    private let end: Statement

    init(path: String, _ nextDeadline: NextDeadline, backups: Backups? = nil) throws(StorageError) {
        database = try Database(path: path, mode: .reader)
        snapshot = try SQLiteReadTransaction(database, nextDeadline)
        snapshot.backups = backups
        begin = try database.prepare("BEGIN")
        end = try database.prepare("COMMIT")
    }

    var transaction: any LedgerReadTransaction { snapshot }

    func openSnapshot() throws(StorageError) {
        guard !database.isInTransaction else { return }
        snapshot.earliestInSnapshot = snapshot.nextDeadline.time
        try begin.run()
    }

    func endSnapshot() {
        if database.isInTransaction { try? end.run() }
    }

    var interrupter: any ReadInterrupter { get throws(StorageError) { try database.interrupter } }

    func giveBackMemory() { database.giveBackMemory() }

    func hasUnfinishedProjects() throws(StorageError) -> Bool {
        try database.integer("SELECT 1 FROM project WHERE deadline IS NOT NULL LIMIT 1") != nil
    }
}
