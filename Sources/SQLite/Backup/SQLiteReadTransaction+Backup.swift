package import LifecycleCore

/// Makes a file with everything that is in the snapshot of a connection.
package protocol BackupMaker: Sendable {
    /// - Parameter source: a reader with an open transaction.
    func make(_ path: String, from source: Database) throws(BackupFailure) -> BackupReport
}

extension SQLiteReadTransaction {
    /// Leaves `failure` as it is: an error of the copy says nothing about the ledger.
    package func backUp(to path: String) throws(RPCError) -> BackupReport {
        guard let backups else { throw .internalError("a backup was asked of a connection that makes none") }
        do throws(BackupFailure) {
            return try backups.make(path, from: database)
        } catch {
            throw .backupFailed(error.reason)
        }
    }
}
