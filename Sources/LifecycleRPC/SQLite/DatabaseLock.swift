internal import CSQLite
internal import Glibc
internal import LifecycleCore
internal import LifecycleSQLite

/// A lock on the database file itself. The lock file belongs to one path of the database. This lock keeps out a process
/// that reaches the same file under another path, such as a container into which only this file is mounted.
///
/// `flock` locks belong to the file. On a local file system they are independent of the `fcntl` locks of SQLite. Take
/// the lock before SQLite opens the file, and keep it until SQLite has closed the file: when a process closes any
/// descriptor of a file, it loses all its `fcntl` locks on that file.
final class DatabaseLock: Sendable {
    private let descriptor: Int32

    /// In steps of 20 ms. A process that the holder of the lock is just starting has a copy of the descriptor until it
    /// runs its program.
    private static let patience = 5

    /// Locks nothing if the file does not exist or is on a network file system. These implement `flock` by `fcntl`
    /// locks, so the lock would keep SQLite out. They also lack the shared memory that a WAL needs.
    init?(_ path: String) throws(StorageError) {
        guard let descriptor = try POSIXFile.open(path, O_RDWR) else { return nil }
        guard Self.isLocal(descriptor) else {
            close(descriptor)
            return nil
        }
        self.descriptor = descriptor
        var patience = Self.patience
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            switch errno {
            case EINTR: continue
            case EWOULDBLOCK where patience > 0:
                patience -= 1
                usleep(20_000)
            case EWOULDBLOCK:
                // The object is initialized here, so `deinit` closes the descriptor.
                throw StorageError(
                    .locked, code: EWOULDBLOCK,
                    """
                    another lifecycled uses \(path) under another name, such as a bind mount of the file in a container: \
                    stop it first, and give both the same folder, as the log beside the file belongs to it
                    """)
            // The file system has no such locks. Then the lock file alone has to do.
            case EOPNOTSUPP, ENOSYS, EINVAL: return
            case let code: throw StorageError(errno: code, cannot: "lock \(path)")
            }
        }
    }

    deinit { close(descriptor) }  // and with it goes the lock

    private static func isLocal(_ descriptor: Int32) -> Bool {
        !networkFileSystems.contains(UInt32(truncatingIfNeeded: lifecycle_file_system(descriptor)))
    }

    /// NFS, SMB in three versions, 9P, AFS in two versions, and Coda, from linux/magic.h.
    private static let networkFileSystems: Set<UInt32> = [
        0x6969, 0x517B, 0xFF53_4D42, 0xFE53_4D42, 0x0102_1997, 0x5346_414F, 0x6B41_4653, 0x7375_7245,
    ]
}
