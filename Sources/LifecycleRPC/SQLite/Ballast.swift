internal import Glibc

/// `<database>.ballast`: space set aside, given up when the disk is full so that refunds still fit.
///
/// Not `Sendable`: used on the writer's thread.
package final class Ballast {
    /// In bytes. The whole WAL (`Writer.checkpointFrames`) must fit into the database, after which its space serves
    /// again; what is more than that is for the refunds.
    package static let size = 24 << 20

    package private(set) var isHeld = false
    private let path: String

    /// Touches nothing; `create()` does.
    package init(databasePath: String) throws(StorageError) {
        path = try DatabasePath(databasePath).ballast
    }

    /// Sets the blocks aside; does nothing when they already are.
    /// - Returns: false when there is no space (or quota) for them. Then nothing is left behind.
    package func create() throws(StorageError) -> Bool {
        if isHeld { return true }
        let opened: Int32?
        do {
            opened = try POSIXFile.open(path, O_RDWR | O_CREAT)
        } catch  where error.kind == .full {
            return false  // No room even for its name.
        }
        guard let descriptor = opened else { return false }
        defer { close(descriptor) }
        switch reserve(descriptor) {
        case 0:
            isHeld = true
            return true
        case ENOSPC, EDQUOT:
            unlink(path)
            return false
        case let code:
            throw StorageError(errno: code, cannot: "reserve space in \(path)")
        }
    }

    /// Gives the space back to the disk.
    /// - Returns: whether there was any to give.
    @discardableResult
    package func release() -> Bool {
        isHeld = false
        return unlink(path) == 0
    }

    /// 0 or an errno.
    private func reserve(_ descriptor: Int32) -> Int32 {
        while true {
            let code = posix_fallocate(descriptor, 0, Self.size)
            if code != EINTR { return code }
        }
    }
}
