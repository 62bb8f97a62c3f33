internal import Glibc
internal import LifecycleCore
internal import LifecycleSQLite

/// The old database of a restore, kept as `<database>.before-restore-<time>`.
struct PreviousDatabase {
    private let directory: StateDirectory
    private var location: DatabasePath { directory.location }

    init(_ directory: StateDirectory) { self.directory = directory }

    static func prefix(of location: DatabasePath) -> String { "\(location.path).before-restore-" }

    /// Gives the old database the name under which it is kept. If it is sound, it also keeps its old name until the new
    /// database takes over that one.
    /// - Returns: the name; `nil` if there is no database.
    func keep(at now: Timestamp) throws(BackupFailure) -> String? {
        var status = stat()
        let exists = lstat(location.path, &status) == 0 && status.st_size > 0
        let isWhole = exists ? try complete() : false
        let hasLog = lstat(location.writeAheadLog, &status) == 0 && status.st_size > 0
        guard exists || hasLog else { return nil }
        let name = try freeName(now)
        if isWhole, link(location.path, name) == 0 {
            try sync()
            return name
        }
        // The last commits are in the WAL, which must be moved before the new database comes. The database is moved
        // first, because a daemon that finds none refuses to start.
        if exists { try move(location.path, to: name) }
        if hasLog { try move(location.writeAheadLog, to: name + "-wal") }
        try sync()
        return name
    }

    /// Copies the WAL into the database.
    /// - Returns: false if the database is too damaged for this, or its disk is too full. Then both files are kept.
    private func complete() throws(BackupFailure) -> Bool {
        do throws(StorageError) {
            _ = try directory.rewriteWriteAheadLog()
            let database = try Database(path: location.path, mode: .writer)
            try LogKeeper(database, Ballast(databasePath: location.path)).empty()
            try database.close()
            return true
        } catch {
            switch error.kind {
            case .corrupt, .io, .misuse, .moved, .full: return false
            default: throw BackupFailure("the present database cannot be kept (\(error.message)): move it away by hand")
            }
        }
    }

    private func freeName(_ now: Timestamp) throws(BackupFailure) -> String {
        let name = Self.prefix(of: location) + now.compact
        for candidate in [name] + (2...99).map({ "\(name)-\($0)" }) {
            var status = stat()
            guard lstat(candidate, &status) != 0, lstat(candidate + "-wal", &status) != 0 else { continue }
            return candidate
        }
        throw BackupFailure("\(name) exists, and nothing is overwritten")
    }

    private func move(_ path: String, to name: String) throws(BackupFailure) {
        guard rename(path, name) == 0 else { throw BackupFailure(errno: errno, cannot: "rename \(path) to \(name)") }
    }

    private func sync() throws(BackupFailure) {
        do throws(StorageError) {
            try directory.sync()
        } catch {
            throw BackupFailure(error, while: "keeping the present database")
        }
    }
}
