internal import Glibc

/// Writes lines to a descriptor that may be slow, full, non-blocking or closed. Only for the log thread, because it
/// waits while a reader does not read.
struct DescriptorWriter: Sendable {
    /// The size of a pipe's buffer, with many lines in one write(2).
    private static let chunkBytes = 64 * 1024

    let descriptor: Int32

    /// Writes `lines` in order, many with one call.
    /// - Returns: the number of lines that are lost.
    func write(_ lines: [[UInt8]]) -> Int {
        var lost = 0
        var chunk: [UInt8] = []
        var chunkLines = 0
        for line in lines {
            if chunkLines > 0, chunk.count + line.count > Self.chunkBytes {
                if !writeAll(chunk) { lost += chunkLines }
                chunk.removeAll(keepingCapacity: true)
                chunkLines = 0
            }
            chunk.append(contentsOf: line)
            chunkLines += 1
        }
        if !writeAll(chunk) { lost += chunkLines }
        return lost
    }

    private func writeAll(_ bytes: [UInt8]) -> Bool {
        bytes.withUnsafeBytes { buffer in
            var rest = buffer[...]
            while !rest.isEmpty {
                let count = Glibc.write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
                if count > 0 {
                    rest = rest.dropFirst(count)
                } else if errno == EAGAIN {
                    waitUntilWritable()
                } else if errno != EINTR {
                    // EPIPE, ENOSPC, EIO: these lines are lost. The next lines are tried again.
                    return false
                }
            }
            return true
        }
    }

    /// Other processes share standard error, and any of them may have made it non-blocking.
    private func waitUntilWritable() {
        var entry = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        _ = poll(&entry, 1, -1)
    }
}
