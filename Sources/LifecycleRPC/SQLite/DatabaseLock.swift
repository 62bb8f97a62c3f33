internal import CSQLite
internal import Glibc
internal import LifecycleSQLite

/// A lock on the database's file itself. The lock file is beside a name; this one keeps out whoever reaches the same file
/// under another one, such as a container into which nothing but this file is mounted.
///
/// `flock` locks belong to the file and are, on a local file system, independent of the `fcntl` locks that SQLite uses. Take
/// it before SQLite opens the file, and keep it until SQLite has closed it: to close any descriptor of a file drops all the
/// `fcntl` locks that the process has on it.
final class DatabaseLock: Sendable {
    private let descriptor: Int32

    /// For whoever is just being started by the process that holds it, and has a copy of it until then; in steps of 20 ms.
    private static let patience = 5

    /// Locks nothing when the file does not exist, and on network file systems. These make `flock` locks out of `fcntl`
    /// locks, so that this one would keep SQLite out; nor do they have the shared memory that a WAL needs.
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
                // The object is whole, so that its end closes the descriptor.
                throw StorageError(
                    .locked, code: EWOULDBLOCK,
                    """
                    another lifecycled uses \(path) under another name, such as a bind mount of the file in a container: \
                    stop it first, and give both the same folder, as the log beside the file belongs to it
                    """)
            // A file system without such locks: the lock file is what there is.
            case EOPNOTSUPP, ENOSYS, EINVAL: return
            case let code: throw StorageError(errno: code, cannot: "lock \(path)")
            }
        }
    }

    deinit { close(descriptor) }  // and with it goes the lock

    private static func isLocal(_ descriptor: Int32) -> Bool {
        !networkFileSystems.contains(UInt32(truncatingIfNeeded: lifecycle_file_system(descriptor)))
    }

    /// NFS, SMB in three versions, 9P, AFS in two, Coda: from linux/magic.h.
    private static let networkFileSystems: Set<UInt32> = [
        0x6969, 0x517B, 0xFF53_4D42, 0xFE53_4D42, 0x0102_1997, 0x5346_414F, 0x6B41_4653, 0x7375_7245,
    ]
}
