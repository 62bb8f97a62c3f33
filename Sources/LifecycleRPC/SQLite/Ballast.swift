internal import Glibc
package import LifecycleCore
internal import LifecycleSQLite

/// The reserve file, `<database>.ballast`: disk space that is set aside. On a full disk a part of it is given back, so
/// that refunds still fit; the rest is given back for a checkpoint. `LogRoom` says how large it must be.
///
/// Not `Sendable`: used on the writer's thread only.
package final class Ballast {
    /// The smallest size in bytes while the disk has room: see `LogRoom`.
    package static let size = 24 << 20

    /// The bytes that the file occupies on the disk.
    package private(set) var bytes: Int64
    package var isHeld: Bool { bytes > 0 }
    private let path: String

    /// Changes nothing on the disk, and takes over the file of an earlier process.
    package init(databasePath: String) throws(StorageError) {
        path = try DatabasePath(databasePath).ballast
        var status = stat()
        let isThere = lstat(path, &status) == 0 && status.isRegularFile
        bytes = isThere ? min(Int64(status.st_size), Int64(status.st_blocks) * 512) : 0
    }

    /// Sets the smallest size aside.
    /// - Returns: false if there is no space (or quota) for it.
    package func create() throws(StorageError) -> Bool { try grow(to: Int64(Self.size)) }

    /// Sets this many bytes aside. Does nothing if the file already has them.
    /// - Returns: false if there is no space (or quota) for them. The file then keeps its old size.
    func grow(to size: Int64) throws(StorageError) -> Bool {
        if bytes >= size { return true }
        let opened: Int32?
        do {
            opened = try POSIXFile.open(path, O_RDWR | O_CREAT)
        } catch  where error.kind == .full {
            return false  // No room even for its name.
        }
        guard let descriptor = opened else { return false }
        defer { close(descriptor) }
        switch Self.reserve(size, descriptor) {
        case 0:
            bytes = size
            return true
        case ENOSPC, EDQUOT:
            // A part of the new space may have been allocated.
            if bytes == 0 || ftruncate(descriptor, off_t(bytes)) != 0 { release() }
            return false
        case let code:
            throw StorageError(errno: code, cannot: "reserve space in \(path)")
        }
    }

    /// Gives the space above this size back to the disk.
    func shrink(to size: Int64) {
        // In whole blocks of 4096 bytes: the file system cannot give back a part of a block.
        let size = (max(0, size) + 4095) / 4096 * 4096
        guard size < bytes else { return }
        if size > 0, truncate(path, off_t(size)) == 0 {
            bytes = size
        } else {
            release()
        }
    }

    /// Gives all the space back to the disk.
    /// - Returns: whether there was a file to remove.
    @discardableResult
    package func release() -> Bool {
        bytes = 0
        return unlink(path) == 0
    }

    /// - Returns: 0 or an `errno`.
    private static func reserve(_ size: Int64, _ descriptor: Int32) -> Int32 {
        while true {
            let code = posix_fallocate(descriptor, 0, off_t(size))
            if code != EINTR { return code }
        }
    }
}
