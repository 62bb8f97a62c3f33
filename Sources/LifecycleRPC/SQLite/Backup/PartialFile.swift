internal import Glibc
internal import LifecycleCore
internal import LifecycleSQLite

/// An unfinished backup under a temporary name. It is removed with this object, unless it was published.
///
/// A lock on it distinguishes it from the leftovers of killed daemons, even if several daemons share a folder. Not
/// `Sendable`.
final class PartialFile {
    let path: String
    private let folder: OpenFolder
    private let name: String
    private let descriptor: Int32

    private static let prefix = ".lifecycle-"
    private static let suffix = ".partial"

    init(in folder: OpenFolder) throws(BackupFailure) {
        Self.removeLeftovers(in: folder)
        let name = Self.prefix + String(UInt64.random(in: .min ... .max), radix: 36) + Self.suffix
        let descriptor = openat(folder.descriptor, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw BackupFailure(errno: errno, cannot: "create a file in the backup folder \(folder.path)")
        }
        flock(descriptor, LOCK_EX | LOCK_NB)
        self.folder = folder
        self.name = name
        self.descriptor = descriptor
        path = folder.file(name)
    }

    deinit {
        Self.remove(name, in: folder)
        close(descriptor)
    }

    /// Flushes the bytes that were written so far. Called often, so that each flush is short: a sync of the writer
    /// would wait for it.
    func flush() throws(BackupFailure) {
        guard fdatasync(descriptor) == 0 else { throw BackupFailure(errno: errno, cannot: "sync \(path)") }
    }

    /// Gives the finished file its name, if that is free.
    /// - Returns: the size in bytes. The file is durable then.
    func publish(as target: String) throws(BackupFailure) -> Int64 {
        var status = stat()
        guard fsync(descriptor) == 0, fstat(descriptor, &status) == 0 else {
            throw BackupFailure(errno: errno, cannot: "sync \(path)")
        }
        // SQLite opened the file by its path, so the folder may have been replaced before that.
        guard status.st_size > 0, status.st_nlink == 1 else {
            throw BackupFailure("the backup folder \(folder.path) was moved or replaced meanwhile")
        }
        // Not rename, because it overwrites files. linkat fails if the name exists, even as a symbolic link.
        guard linkat(folder.descriptor, name, folder.descriptor, target, 0) == 0 else {
            throw switch errno {
            case EEXIST: Self.exists(target, in: folder)
            case EPERM, EOPNOTSUPP, EMLINK: BackupFailure("the file system of \(folder.path) has no hard links")
            case let code: BackupFailure(errno: code, cannot: "name the backup \(target)")
            }
        }
        folder.remove(name)
        do throws(BackupFailure) {
            try folder.sync()
        } catch {
            folder.remove(target)
            throw error
        }
        return Int64(status.st_size)
    }

    static func exists(_ target: String, in folder: OpenFolder) -> BackupFailure {
        BackupFailure("\(folder.file(target)) exists, and nothing is overwritten: choose another name")
    }

    // MARK: Leftovers

    /// Removes the files of daemons that were killed. Their locks are free.
    static func removeLeftovers(in folder: OpenFolder) {
        let ours = folder.names().filter { $0.hasPrefix(prefix) }
        for name in ours where name.hasSuffix(suffix) && isAbandoned(name, in: folder) { remove(name, in: folder) }
        // Companion files whose main file is gone. The main file is removed first.
        for name in ours where !name.hasSuffix(suffix) {
            guard let companion = DatabasePath.companions.first(where: { name.hasSuffix(suffix + $0) }) else {
                continue
            }
            if folder.status(String(name.dropLast(companion.count))) == nil { folder.remove(name) }
        }
    }

    private static func isAbandoned(_ name: String, in folder: OpenFolder) -> Bool {
        let descriptor = openat(folder.descriptor, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else { return errno == ELOOP }
        defer { close(descriptor) }
        return flock(descriptor, LOCK_EX | LOCK_NB) == 0
    }

    private static func remove(_ name: String, in folder: OpenFolder) {
        for companion in [""] + DatabasePath.companions { folder.remove(name + companion) }
    }
}
