internal import Glibc
internal import LifecycleCore
internal import LifecycleSQLite

/// The new database of a restore while it is made, `<database>.restore`. It is removed with this object, unless it took
/// the place of the old one. Not `Sendable`. The owner holds the lock of the database.
final class ReplacementFile {
    private static let chunk = 1 << 20

    private let location: DatabasePath
    private let path: String
    private let descriptor: Int32

    init(for location: DatabasePath) throws(BackupFailure) {
        self.location = location
        path = location.path + ".restore"
        Self.remove(path)  // What a killed restore left.
        descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw BackupFailure(errno: errno, cannot: "create \(path)") }
        // The new file is locked like the one that it replaces: see `DatabaseLock`.
        flock(descriptor, LOCK_EX | LOCK_NB)
    }

    deinit {
        Self.remove(path)
        close(descriptor)
    }

    private static func remove(_ path: String) {
        for companion in [""] + DatabasePath.companions { unlink(path + companion) }
    }

    /// Copies a backup into the file.
    func copy(_ file: String, goOn: () throws(BackupFailure) -> Void) throws(BackupFailure) {
        let source: Int32
        do throws(InputFile.Refusal) {
            source = try InputFile.open(file)
        } catch {
            throw BackupFailure("it \(error.reason)")
        }
        defer { close(source) }
        try check(source, file)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.chunk, alignment: 4096)
        defer { buffer.deallocate() }
        var offset = 0
        while true {
            try goOn()
            do throws(StorageError) {
                let count = try POSIXFile.read(source, into: buffer, at: offset, file)
                if count == 0 { return }
                try POSIXFile.write(
                    descriptor, UnsafeRawBufferPointer(rebasing: buffer[..<count]), at: offset, path)
                offset += count
            } catch {
                throw BackupFailure(error, while: "copying it")
            }
        }
    }

    private func check(_ source: Int32, _ file: String) throws(BackupFailure) {
        var status = stat()
        guard fstat(source, &status) == 0 else { throw BackupFailure(errno: errno, cannot: "look at it") }
        guard status.st_size > 0 else { throw BackupFailure("it is empty") }
        var current = stat()
        if lstat(location.path, &current) == 0, (current.st_dev, current.st_ino) == (status.st_dev, status.st_ino) {
            throw BackupFailure("it is the database itself")
        }
        for companion in ["-wal", "-journal"] {
            var companionStatus = stat()
            guard lstat(file + companion, &companionStatus) == 0, companionStatus.st_size > 0 else { continue }
            throw BackupFailure(
                "\(file)\(companion) beside it holds a part of it, so it is a database in use and no finished backup")
        }
    }

    /// Verifies that the file is a complete and sound ledger, and migrates it to the newest schema.
    func check(
        as file: String, goOn: () throws(BackupFailure) -> Void
    ) throws(BackupFailure) -> (projects: Int64, lastSeq: Int64) {
        let database: Database
        do throws(StorageError) {
            database = try Database(path: path, mode: .copy)
        } catch {
            throw error.kind == .corrupt
                ? BackupFailure("it is damaged, or no SQLite database") : BackupFailure(error, while: "opening it")
        }
        do throws(BackupFailure) {
            try database.checkLedger(goOn: goOn)
        } catch {
            // The user does not know the temporary name, so the error names the file that the user gave.
            throw BackupFailure(error.reason.replacing(path, with: file))
        }
        do throws(StorageError) {
            let extent = try database.extent()
            try database.close()
            return extent
        } catch {
            throw BackupFailure(error, while: "reading it")
        }
    }

    /// Gives the file the name of the database, with the old database's owner and mode. Durable when it returns.
    func takePlace() throws(BackupFailure) {
        try adoptOwner()
        guard fsync(descriptor) == 0 else { throw BackupFailure(errno: errno, cannot: "sync \(path)") }
        // These files belong to the old database, which was completed or moved away with them. SQLite must not apply
        // them to the new one.
        unlink(location.writeAheadLog)
        unlink(location.path + "-shm")
        guard rename(path, location.path) == 0 else {
            throw BackupFailure(errno: errno, cannot: "rename \(path) to \(location.path)")
        }
        try OpenFolder.sync(location.directory)
    }

    /// Takes the owner and mode of the old database, or else the owner of the folder, because root may restore for a
    /// daemon that is not root.
    private func adoptOwner() throws(BackupFailure) {
        var owner = stat()
        var mode: mode_t = 0o600
        if lstat(location.path, &owner) == 0 {
            mode = owner.st_mode & 0o777
        } else if stat(location.directory, &owner) != 0 {
            throw BackupFailure(errno: errno, cannot: "look at the folder \(location.directory)")
        }
        guard fchmod(descriptor, mode) == 0 else { throw BackupFailure(errno: errno, cannot: "set its mode") }
        guard geteuid() == 0 else { return }
        guard fchown(descriptor, owner.st_uid, owner.st_gid) == 0 else {
            throw BackupFailure(errno: errno, cannot: "set its owner")
        }
        // The lock file may be new and belong to root.
        lchown(location.lock, owner.st_uid, owner.st_gid)
    }
}
