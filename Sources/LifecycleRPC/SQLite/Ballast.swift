internal import Glibc
package import LifecycleSQLite

/// `<database>.ballast`: space set aside, of which some is given up when the disk is full so that refunds still fit, and
/// the rest when the log is copied. How much it must be says `LogRoom`.
///
/// Not `Sendable`: used on the writer's thread.
package final class Ballast {
    /// In bytes, at the least, as long as there is room: see `LogRoom`.
    package static let size = 24 << 20

    /// What it really holds on the disk.
    package private(set) var bytes: Int64
    package var isHeld: Bool { bytes > 0 }
    private let path: String

    /// Touches nothing, and takes over what an earlier process has left.
    package init(databasePath: String) throws(StorageError) {
        path = try DatabasePath(databasePath).ballast
        var status = stat()
        let isThere = lstat(path, &status) == 0 && status.isRegularFile
        bytes = isThere ? min(Int64(status.st_size), Int64(status.st_blocks) * 512) : 0
    }

    /// Sets aside as much as it has at the least.
    /// - Returns: false when there is no space (or quota) for it.
    package func create() throws(StorageError) -> Bool { try grow(to: Int64(Self.size)) }

    /// Sets aside so many bytes; does nothing when it has them already.
    /// - Returns: false when there is no space (or quota) for them. Then it is as it was.
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
            // Some of it may have been taken.
            if bytes == 0 || ftruncate(descriptor, off_t(bytes)) != 0 { release() }
            return false
        case let code:
            throw StorageError(errno: code, cannot: "reserve space in \(path)")
        }
    }

    /// Gives back to the disk what is more than this.
    func shrink(to size: Int64) {
        // Whole blocks: what is left of one holds it all.
        let size = (max(0, size) + 4095) / 4096 * 4096
        guard size < bytes else { return }
        if size > 0, truncate(path, off_t(size)) == 0 {
            bytes = size
        } else {
            release()
        }
    }

    /// Gives all the space back to the disk.
    /// - Returns: whether there was any to give.
    @discardableResult
    package func release() -> Bool {
        bytes = 0
        return unlink(path) == 0
    }

    /// 0 or an errno.
    private static func reserve(_ size: Int64, _ descriptor: Int32) -> Int32 {
        while true {
            let code = posix_fallocate(descriptor, 0, off_t(size))
            if code != EINTR { return code }
        }
    }
}
