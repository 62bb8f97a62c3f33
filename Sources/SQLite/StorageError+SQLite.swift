internal import CSQLite
internal import Glibc
package import LifecycleCore

extension StorageError {
    /// A failed SQLite call. `systemError` is `sqlite3_system_errno`, and is used for I/O and open errors only.
    init(sqlite code: Int32, detail: String, systemError: Int32, path: String) {
        let kind = Kind(sqlite: code, systemError: systemError)
        let primary = code & 0xff
        let hasSystemError = systemError != 0 && (primary == SQLITE_IOERR || primary == SQLITE_CANTOPEN)
        let cause = hasSystemError ? "\(detail): \(String(cString: strerror(systemError)))" : detail
        let message =
            switch kind {
            case .full: "the disk of \(path) is full: free some space; the write was rolled back"
            case .interrupted: "reading \(path) was interrupted"
            case .busy: "\(path) is in use (\(cause)): only one lifecycled may write to it, and nothing else"
            case .constraint: cause
            case .readOnly: "\(path) cannot be written (\(cause)): check its owner, its mode and the mount options"
            case .corrupt: "\(path) is damaged or no SQLite database (\(cause)): restore a backup"
            case .moved: "\(path) was moved or deleted while in use (\(cause)): put it back and restart"
            case .io: "reading or writing \(path) failed (\(cause)): check the disk, then restart"
            case .cannotOpen, .locked, .newerSchema: "cannot open \(path) (\(cause)): check its name and its owner"
            case .misuse: "SQLite refused a call on \(path) (\(cause)): this is a bug in lifecycled"
            }
        self.init(kind, code: code, message)
    }

    /// A failed system call. `action` completes the sentence "cannot …".
    package init(errno code: Int32, cannot action: String) {
        self.init(Kind(errno: code), code: code, "cannot \(action): \(String(cString: strerror(code)))")
    }
}

extension StorageError.Kind {
    init(sqlite code: Int32, systemError: Int32) {
        switch code & 0xff {
        case SQLITE_FULL: self = .full
        case SQLITE_BUSY, SQLITE_LOCKED: self = .busy
        case SQLITE_INTERRUPT: self = .interrupted
        case SQLITE_CONSTRAINT, SQLITE_MISMATCH, SQLITE_TOOBIG: self = .constraint
        case SQLITE_NOTADB, SQLITE_CORRUPT, SQLITE_FORMAT: self = .corrupt
        case SQLITE_CANTOPEN, SQLITE_PERM: self = .cannotOpen
        case SQLITE_READONLY: self = Self.readOnlyDatabaseMoved == code ? .moved : .readOnly
        // A write that a quota refuses is as harmless as a full disk. A failed sync or a failed WAL index is not,
        // because the commit may already be on disk.
        case SQLITE_IOERR: self = code == Self.writeFailed && systemError == EDQUOT ? .full : .io
        // SQLite has tried for 10 seconds to begin a transaction: this process has not released one of its locks, and
        // only the end of the process releases it.
        case SQLITE_PROTOCOL: self = .io
        case SQLITE_NOMEM: self = .io
        default: self = .misuse
        }
    }

    init(errno code: Int32) {
        switch code {
        case ENOSPC, EDQUOT: self = .full
        case EROFS: self = .readOnly
        case EACCES, EPERM, ENOENT, ENOTDIR, EISDIR, ELOOP, ENAMETOOLONG, EMFILE, ENFILE: self = .cannotOpen
        default: self = .io
        }
    }

    // Swift does not import the extended codes, because they are macros made of expressions.
    private static let readOnlyDatabaseMoved = SQLITE_READONLY | (4 << 8)
    private static let writeFailed = SQLITE_IOERR | (3 << 8)
}
