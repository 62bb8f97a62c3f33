internal import LifecycleCore

extension SQLiteReadTransaction {
    /// What goes wrong is the copy's own matter and not the ledger's: `failure` stays as it is.
    func backUp(to path: String) throws(RPCError) -> BackupReport {
        guard let backups else { throw .internalError("a backup was asked of a connection that makes none") }
        do throws(BackupFailure) {
            return try backups.make(path, from: database)
        } catch {
            throw .backupFailed(error.reason)
        }
    }
}
