import Foundation
import TestSupport

/// A ledger's files, and what tests do to them.
extension ScratchFolder {
    var database: String { file("ledger.db") }
    var writeAheadLog: String { database + "-wal" }
    var lock: String { database + ".lock" }

    func write(_ bytes: [UInt8], to path: String) throws { try Data(bytes).write(to: URL(fileURLWithPath: path)) }

    func read(_ path: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: URL(fileURLWithPath: path))) }

    func remove(_ path: String) throws { try FileManager.default.removeItem(atPath: path) }

    func move(_ path: String, to other: String) throws { try FileManager.default.moveItem(atPath: path, toPath: other) }

    func link(_ path: String, to target: String) throws {
        try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: target)
    }

    func mode(_ path: String) throws -> mode_t {
        var status = stat()
        guard lstat(path, &status) == 0 else { throw TestFailure("\(path): \(String(cString: strerror(errno)))") }
        return status.st_mode & 0o7777
    }

    func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }
}
