package import LifecycleCore

/// Makes a file with everything that is in the snapshot of a connection.
package protocol BackupMaker: Sendable {
    /// - Parameter source: a reader with an open transaction.
    func make(_ path: String, from source: Database) throws(BackupFailure) -> BackupReport
}

extension SQLiteReadTransaction {
    package func backUp(to path: String) throws(BackupFailure) -> BackupReport {
        guard let backups else { throw BackupFailure("this connection makes none") }
        return try backups.make(path, from: database)
    }
}
