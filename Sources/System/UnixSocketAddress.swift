package import Glibc

/// The address of a Unix domain socket in the file system.
package struct UnixSocketAddress: Sendable {
    private let address: sockaddr_un

    /// The longest path, in bytes: the kernel's field without its final NUL.
    package static let maximumPathBytes = MemoryLayout.size(ofValue: sockaddr_un().sun_path) - 1

    /// `nil` if the path is empty, longer than `maximumPathBytes` or contains NUL.
    package init?(path: String) {
        guard (1...Self.maximumPathBytes).contains(path.utf8.count), !path.utf8.contains(0) else { return nil }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        self.address = address
    }

    /// - Parameter isBlocking: calls on the socket block, and connect(2) waits while the listener's queue is full.
    ///   If false, connect(2) succeeds or fails at once.
    /// - Returns: a new stream socket that is connected to this address and that child processes do not inherit.
    package func connect(isBlocking: Bool) throws(SystemCallError) -> Int32 {
        let flags = SOCK_CLOEXEC.rawValue | (isBlocking ? 0 : SOCK_NONBLOCK.rawValue)
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | flags), 0)
        guard descriptor >= 0 else { throw SystemCallError(call: "socket", code: errno) }
        guard with({ Glibc.connect(descriptor, $0, $1) }) == 0 else {
            let code = errno
            close(descriptor)
            throw SystemCallError(call: "connect", code: code)
        }
        return descriptor
    }

    /// Calls bind(2), connect(2) or sendto(2) with this address.
    package func with(_ call: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
        withUnsafePointer(to: address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { call($0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
        }
    }
}
