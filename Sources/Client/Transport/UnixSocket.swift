internal import Glibc
internal import LifecycleSystem

/// Why a connection failed.
struct ConnectFailure: Error, Sendable {
    let path: String
    /// `errno`, or `nil` if the path is too long or empty.
    let code: Int32?

    var reason: String {
        guard let code else { return "the path must have 1 to \(UnixSocketAddress.maximumPathBytes) bytes" }
        return String(cString: strerror(code))
    }

    /// The next try may succeed, because the daemon is restarting or has too many connections.
    var isTemporary: Bool { [ENOENT, ECONNREFUSED, EAGAIN, EINTR, ECONNRESET].contains(code) }

    var hint: String {
        switch code {
        case EACCES, EPERM: "Only members of the socket's group may connect: join that group."
        case ENOENT: "Start the daemon, or give the path of its socket."
        case ECONNREFUSED: "No daemon listens on this socket: start it, or check the path."
        case EAGAIN: "The daemon does not accept connections fast enough: see its log."
        default: "Check the path of the daemon's socket."
        }
    }
}

/// A connected stream socket. Closed on `deinit`, so that no thread can use its descriptor after the number was given
/// to another file. All calls return at once.
final class UnixSocket: Sendable {
    let descriptor: Int32

    init(connectingTo path: String) throws(ConnectFailure) {
        guard let address = UnixSocketAddress(path: path) else { throw ConnectFailure(path: path, code: nil) }
        do throws(SystemCallError) {
            descriptor = try address.connect(isBlocking: false)
        } catch {
            throw ConnectFailure(path: path, code: error.code)
        }
    }

    deinit { close(descriptor) }

    /// Ends sending. Bytes that have come can still be received, then the end of the stream.
    func shutDown() { _ = shutdown(descriptor, Int32(SHUT_RDWR)) }

    enum Transfer: Sendable {
        case done(Int)
        /// No bytes can be transferred now.
        case wouldBlock
        /// `errno`; 0 is the end of the stream.
        case ended(Int32)
    }

    func send(_ bytes: ArraySlice<UInt8>) -> Transfer {
        transfer { bytes.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) } }
    }

    func receive(into bytes: inout [UInt8]) -> Transfer {
        let transfer = transfer { bytes.withUnsafeMutableBytes { recv(descriptor, $0.baseAddress, $0.count, 0) } }
        return if case .done(0) = transfer { .ended(0) } else { transfer }
    }

    private func transfer(_ call: () -> Int) -> Transfer {
        while true {
            let count = call()
            if count >= 0 { return .done(count) }
            switch errno {
            case EINTR: continue
            case EAGAIN: return .wouldBlock
            case let code: return .ended(code)
            }
        }
    }
}
