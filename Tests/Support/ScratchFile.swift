internal import Foundation

/// A file without a name, for the input or the output of a child.
package final class ScratchFile: @unchecked Sendable {
    // The descriptor does not change.
    package let descriptor: Int32

    /// - Parameter content: what is in it, to be read from its beginning.
    package init(_ content: String = "") throws {
        var template = Array("/tmp/lcr.XXXXXX".utf8CString)
        descriptor = mkstemp(&template)
        guard descriptor >= 0 else { throw TestFailure("mkstemp: \(errno)") }
        unlink(template)
        _ = fcntl(descriptor, F_SETFL, O_APPEND)
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        guard !content.isEmpty else { return }
        try FileHandle(fileDescriptor: descriptor, closeOnDealloc: false).write(contentsOf: Data(content.utf8))
        lseek(descriptor, 0, SEEK_SET)
    }

    deinit { close(descriptor) }

    /// All that was written so far.
    package var text: String {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = pread(descriptor, &chunk, chunk.count, off_t(bytes.count))
            guard count > 0 else { return String(decoding: bytes, as: UTF8.self) }
            bytes += chunk[..<count]
        }
    }
}
