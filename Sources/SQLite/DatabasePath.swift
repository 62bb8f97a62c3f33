internal import Glibc
package import LifecycleCore

/// The path of a database with its folder resolved: absolute, without symbolic links, `.` and `..`.
package struct DatabasePath: Sendable {
    package let directory: String
    package let path: String

    /// The folder must exist. The file need not exist and is not checked.
    package init(_ path: String) throws(StorageError) {
        let (folder, name) = try Self.split(path)
        guard let resolved = realpath(folder, nil) else {
            throw StorageError(errno: errno, cannot: "use the folder \(folder)")
        }
        defer { free(resolved) }
        directory = String(cString: resolved)
        self.path = directory == "/" ? "/\(name)" : "\(directory)/\(name)"
    }

    /// The endings of the files that SQLite creates for a database.
    package static let companions = ["-wal", "-shm", "-journal"]

    package var writeAheadLog: String { path + "-wal" }
    package var lock: String { path + ".lock" }
    package var ballast: String { path + ".ballast" }

    /// Splits `a/b` into `a` and `b`, `b` into `.` and `b`, and `/b` into `/` and `b`.
    package static func split(_ path: String) throws(StorageError) -> (folder: String, name: String) {
        let bytes = Array(path.utf8)
        let slash = bytes.lastIndex(of: UInt8(ascii: "/"))
        let name = String(decoding: bytes[(slash.map { $0 + 1 } ?? 0)...], as: UTF8.self)
        guard !name.isEmpty, name != ".", name != "..", !bytes.contains(0) else {
            throw StorageError(.cannotOpen, "\"\(path)\" is not the path of a file: give one such as folder/ledger.db")
        }
        return switch slash {
        case nil: (".", name)
        case 0: ("/", name)
        case .some(let index): (String(decoding: bytes[..<index], as: UTF8.self), name)
        }
    }
}
