import Glibc

/// A blocking socket and nothing around it: what a call costs at the least.
struct RawConnection: ~Copyable {
    private let descriptor: Int32
    private var buffer = [UInt8](repeating: 0, count: 262_144)

    init(_ path: String) {
        descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let code = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard code == 0 else { fail("connect to \(path): \(String(cString: strerror(errno)))") }
    }

    deinit { close(descriptor) }

    /// Sends the lines with so many unanswered at a time, and waits for as many answers. Nothing is parsed.
    mutating func exchange(_ lines: [[UInt8]], window: Int) {
        var sent = 0
        var answered = 0
        while answered < lines.count {
            while sent < lines.count, sent - answered < window {
                let line = lines[sent]
                guard write(descriptor, line, line.count) == line.count else { fail("write: \(errno)") }
                sent += 1
            }
            let count = read(descriptor, &buffer, buffer.count)
            guard count > 0 else { fail("read: \(errno)") }
            for byte in buffer[..<count] where byte == 0x0A { answered += 1 }
        }
    }
}

func fail(_ reason: String) -> Never {
    let text = Array("client-overhead: \(reason)\n".utf8)
    _ = write(STDERR_FILENO, text, text.count)
    exit(1)
}
