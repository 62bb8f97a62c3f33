internal import Glibc

/// Sizes of files and of the free space on their disk.
enum DiskSpace {
    /// The bytes that an unprivileged process may still use; `nil` if they are unknown, as on a file system without a
    /// limit. A quota is not included, so a write may fail although there seems to be room.
    static func free(at path: String) -> Int64? {
        var status = statvfs()
        guard statvfs(path, &status) == 0, status.f_blocks > 0 else { return nil }
        let unit = status.f_frsize > 0 ? status.f_frsize : status.f_bsize
        let (bytes, overflow) = UInt64(status.f_bavail).multipliedReportingOverflow(by: UInt64(unit))
        return overflow ? .max : Int64(clamping: bytes)
    }

    /// The size in bytes of the file at the path, which is not opened; `nil` if there is none. Symbolic links are not
    /// followed.
    static func size(of path: String) -> Int64? {
        var status = stat()
        return lstat(path, &status) == 0 ? Int64(status.st_size) : nil
    }
}
