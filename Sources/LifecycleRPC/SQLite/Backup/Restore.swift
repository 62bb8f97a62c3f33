internal import Glibc
package import LifecycleCore
internal import LifecycleSQLite

/// Replaces the database by a backup. At every moment the name of the database leads to the complete old database or to
/// the new one. Only if the old one is damaged may there be a moment without a database; no daemon takes this for an
/// empty ledger.
package struct Restore {
    package struct Report: Sendable {
        package let projects: Int64
        package let lastSeq: Int64
        /// The absolute path.
        package let database: String
        /// The path of the old database now; `nil` if there was none.
        package let previous: String?
        /// True if there was never a database at this path.
        package let isNew: Bool
    }

    private let file: String
    private let now: Timestamp
    private let isInterrupted: () -> Bool

    /// - Parameter isInterrupted: called from time to time until the restore can no longer be undone.
    package init(_ file: String, at now: Timestamp, isInterrupted: @escaping () -> Bool) {
        self.file = file
        self.now = now
        self.isInterrupted = isInterrupted
    }

    /// - Parameter mayCreate: whether to create a database at a path that never had one.
    package func run(onto databasePath: String, mayCreate: Bool) throws(DaemonError) -> Report {
        let isNew: Bool
        do throws(StorageError) {
            isNew = try DatabasePresence.isNew(databasePath, mayCreate: mayCreate)
        } catch {
            throw .storage(error)
        }
        let directory = try lock(databasePath)
        do throws(BackupFailure) {
            let replacement = try ReplacementFile(for: directory.location)
            try replacement.copy(file, goOn: goOn)
            let extent = try replacement.check(as: file, goOn: goOn)
            try goOn()
            let previous = try PreviousDatabase(directory).keep(at: now)
            try replacement.takePlace()
            do throws(StorageError) {
                try directory.markCreated()
            } catch {
                throw BackupFailure(error, while: "writing the lock file")
            }
            return Report(
                projects: extent.projects, lastSeq: extent.lastSeq, database: directory.databasePath,
                previous: previous, isNew: isNew)
        } catch {
            throw .restore("\(file) is not restored: \(error.reason)")
        }
    }

    private func lock(_ databasePath: String) throws(DaemonError) -> StateDirectory {
        do throws(StorageError) {
            return try StateDirectory(databasePath: databasePath, replacesDatabase: true)
        } catch {
            guard error.kind == .locked else { throw .storage(error) }
            throw .storage(
                StorageError(
                    .locked, code: error.code,
                    """
                    \(error.message): systemctl stop lifecycled.socket lifecycled.service (the socket as well, or the next \
                    caller starts it again)
                    """))
        }
    }

    private func goOn() throws(BackupFailure) {
        if isInterrupted() { throw BackupFailure("it was interrupted") }
    }
}
