internal import Glibc
package import LifecycleCore
internal import LifecycleSQLite

/// Puts a backup in the place of the database. At every moment the database's name leads to the old one, whole, or to the
/// new one; only when the old one is damaged may it lead nowhere, which no daemon takes for an empty ledger.
package struct Restore {
    package struct Report: Sendable {
        package let projects: Int64
        package let lastSeq: Int64
        /// Absolute.
        package let database: String
        /// Where the old database is now; nil when there was none.
        package let previous: String?
        /// There never was one at this path.
        package let isNew: Bool
    }

    private let file: String
    private let now: Timestamp
    private let isInterrupted: () -> Bool

    /// - Parameter isInterrupted: asked now and then until there is no way back.
    package init(_ file: String, at now: Timestamp, isInterrupted: @escaping () -> Bool) {
        self.file = file
        self.now = now
        self.isInterrupted = isInterrupted
    }

    /// - Parameter mayCreate: makes a database where there never was one.
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
