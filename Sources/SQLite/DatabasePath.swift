internal import Glibc

/// A database path with its folder resolved: absolute, without links, without `.` and `..`.
package struct DatabasePath: Sendable {
    package let directory: String
    package let path: String

    /// The folder must exist; the file itself need not, and is not looked at.
    package init(_ path: String) throws(StorageError) {
        let (folder, name) = try Self.split(path)
        guard let resolved = realpath(folder, nil) else {
            throw StorageError(errno: errno, cannot: "use the folder \(folder)")
        }
        defer { free(resolved) }
        directory = String(cString: resolved)
        self.path = directory == "/" ? "/\(name)" : "\(directory)/\(name)"
    }

    /// The endings of what SQLite puts beside a database.
    package static let companions = ["-wal", "-shm", "-journal"]

    package var writeAheadLog: String { path + "-wal" }
    package var lock: String { path + ".lock" }
    package var ballast: String { path + ".ballast" }

    /// `a/b` is `a` and `b`, `b` is `.` and `b`, `/b` is `/` and `b`.
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
