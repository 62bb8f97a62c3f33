internal import Glibc

/// What is free on a file's disk.
enum DiskSpace {
    /// Bytes that a process without privileges may still take; nil when nobody can tell, as on a file system without a
    /// limit. A quota is not seen here: who relies on this must be ready for a write that fails all the same.
    static func free(at path: String) -> Int64? {
        var status = statvfs()
        guard statvfs(path, &status) == 0, status.f_blocks > 0 else { return nil }
        let unit = status.f_frsize > 0 ? status.f_frsize : status.f_bsize
        let (bytes, overflow) = UInt64(status.f_bavail).multipliedReportingOverflow(by: UInt64(unit))
        return overflow ? .max : Int64(clamping: bytes)
    }

    /// Of the path itself, without opening it; nil when nothing is there.
    static func size(of path: String) -> Int64? {
        var status = stat()
        return lstat(path, &status) == 0 ? Int64(status.st_size) : nil
    }
}
