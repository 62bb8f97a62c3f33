package import LifecycleCore

/// Makes a file of all that a connection has in its snapshot.
package protocol BackupMaker: Sendable {
    /// - Parameter source: a reader in a transaction.
    func make(_ path: String, from source: Database) throws(BackupFailure) -> BackupReport
}

extension SQLiteReadTransaction {
    /// What goes wrong is the copy's own matter and not the ledger's: `failure` stays as it is.
    package func backUp(to path: String) throws(RPCError) -> BackupReport {
        guard let backups else { throw .internalError("a backup was asked of a connection that makes none") }
        do throws(BackupFailure) {
            return try backups.make(path, from: database)
        } catch {
            throw .backupFailed(error.reason)
        }
    }
}
