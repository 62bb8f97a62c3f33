internal import CSQLite
package import LifecycleCore

extension Database {
    /// 1 MiB of pages of 4 KiB. A step takes some milliseconds, after which a stop is noticed.
    private static let pagesPerStep: Int32 = 256

    /// Copies all pages of the open snapshot of this connection into an empty database. Because a snapshot is open,
    /// SQLite does not restart the copy when other connections write.
    /// - Parameter afterStep: called with the number of copied pages. An error that it throws ends the copy.
    package func copyPages(to copy: Database, afterStep: (Int32) throws(BackupFailure) -> Void) throws(BackupFailure) {
        do throws(StorageError) {
            guard isInTransaction else { throw StorageError(.misuse, "a copy needs an open snapshot") }
            // BEGIN alone does not open a snapshot. The first read does.
            _ = try integer("SELECT count(*) FROM sqlite_schema")
        } catch {
            throw BackupFailure(error, while: "reading the database")
        }
        let backup: OpaquePointer
        do throws(StorageError) {
            let target = try copy.openHandle()
            guard let begun = sqlite3_backup_init(target, "main", try openHandle(), "main") else {
                throw copy.error(sqlite3_extended_errcode(target))
            }
            backup = begun
        } catch {
            throw BackupFailure(error, while: "copying")
        }
        var code = SQLITE_OK
        do throws(BackupFailure) {
            while true {
                code = sqlite3_backup_step(backup, Self.pagesPerStep)
                guard code == SQLITE_OK else { break }
                try afterStep(sqlite3_backup_pagecount(backup) - sqlite3_backup_remaining(backup))
            }
        } catch {
            sqlite3_backup_finish(backup)
            throw error
        }
        let end = sqlite3_backup_finish(backup)
        guard code == SQLITE_DONE, end == SQLITE_OK else {
            throw BackupFailure(copy.error(code == SQLITE_DONE ? end : code), while: "copying")
        }
    }
}
