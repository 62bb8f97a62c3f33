import Foundation
import LifecycleSystem
import TestSupport

/// A socket that the test makes and the daemon inherits or talks to, as systemd would.
final class UnixSocket: @unchecked Sendable {
    // Used by one task at a time.
    let descriptor: Int32

    /// A listener, or a datagram socket, bound to a path.
    init(path: String, type: __socket_type = SOCK_STREAM, listens: Bool = true) throws {
        descriptor = socket(AF_UNIX, Int32(type.rawValue), 0)
        let code = UnixSocketAddress(path: path)?.with { bind(descriptor, $0, $1) }
        guard code == 0, !listens || type != SOCK_STREAM || listen(descriptor, 128) == 0 else {
            throw TestFailure("cannot bind \(path): \(errno)")
        }
    }

    /// A TCP listener on a free port of the loopback interface.
    init(loopback: Void) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard listen(descriptor, 128) == 0 else { throw TestFailure("cannot listen: \(errno)") }
    }

    deinit { close(descriptor) }

    /// The next datagram; nil when none comes in time.
    func datagram(within milliseconds: Int32) -> String? {
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard poll(&entry, 1, milliseconds) == 1 else { return nil }
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = recv(descriptor, &bytes, bytes.count, 0)
        return count < 0 ? nil : String(decoding: bytes[..<count], as: UTF8.self)
    }

    /// A connection waits to be accepted.
    var hasCaller: Bool {
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&entry, 1, 0) == 1
    }
}
