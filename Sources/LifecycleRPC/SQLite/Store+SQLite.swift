package import LifecycleCore
internal import LifecycleSQLite

extension OpenedLedger {
    /// Opens the ledger in a file of SQLite: see `StateDirectory` for the order of the steps.
    package static func sqlite(path: String, _ environment: Store.Environment) throws(StorageError)
        -> sending OpenedLedger
    {
        let directory = try StateDirectory(databasePath: path, isBrief: environment.isBrief)
        let backups = Backups(
            BackupFolder(environment.backupFolder, database: directory.location), onEnd: environment.onBackup)
        let opening = try LedgerOpening(
            directory, uptime: environment.uptime, onReport: environment.onLog,
            freeSnapshots: { backups.giveWay() })
        let engine = try SQLiteEngine(
            opening.database, identity: FileIdentity(databasePath: directory.databasePath), log: opening.log,
            sinceStart: environment.sinceStart)
        return OpenedLedger(
            engine: engine,
            snapshots: SQLiteSnapshots(directory: directory, backups: backups),
            backups: backups, stoppedUncleanly: opening.hadLog)
    }
}

extension Store {
    /// Opens the ledger in a file of SQLite, expires due projects and starts the threads.
    package convenience init(path: String, _ environment: Environment) throws(StorageError) {
        try self.init(.sqlite(path: path, environment), environment)
    }
}
