internal import Foundation

/// A folder that goes with the test, and what is in it.
package final class ScratchFolder: Sendable {
    /// Without symbolic links, and short enough for a socket in it.
    package let path: String

    package init() throws { path = try Self.make() }

    /// One on a disk of the test's own.
    package init(on disk: SmallDisk) throws {
        path = disk.file("d")
        guard mkdir(path, 0o700) == 0 else { throw TestFailure("mkdir: \(errno)") }
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    package func file(_ name: String) -> String { "\(path)/\(name)" }

    /// A new folder that the caller removes.
    package static func make() throws -> String {
        var template = Array("/tmp/lcr.XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil, let resolved = realpath(template, nil) else {
            throw TestFailure("mkdtemp: \(errno)")
        }
        defer { free(resolved) }
        return String(cString: resolved)
    }
}
