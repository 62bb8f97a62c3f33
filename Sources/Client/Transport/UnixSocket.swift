internal import Glibc
internal import LifecycleSystem

/// Why no connection was made.
struct ConnectFailure: Error, Sendable {
    let path: String
    /// `errno`, or nil when the path itself cannot be a socket's.
    let code: Int32?

    var reason: String {
        guard let code else { return "the path must have 1 to \(UnixSocketAddress.maximumPathBytes) bytes" }
        return String(cString: strerror(code))
    }

    /// Whether it may be otherwise in a moment: the daemon is being restarted, or has too many callers.
    var isTemporary: Bool { [ENOENT, ECONNREFUSED, EAGAIN, EINTR, ECONNRESET].contains(code) }

    var hint: String {
        switch code {
        case EACCES, EPERM: "The socket is for members of its group: see who owns it and add yourself to that group."
        case ENOENT: "Start the daemon, or name its socket if it is elsewhere."
        case ECONNREFUSED: "The daemon does not run: start it."
        case EAGAIN: "The daemon does not accept connections fast enough: see its log."
        default: "Check the path of the daemon's socket."
        }
    }
}

/// A connected stream socket. Closed when nobody holds it any more, so that no thread can meet another file under its
/// number. All calls return at once.
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

    /// Nothing can be sent any more; what came is still received, and then the end.
    func shutDown() { _ = shutdown(descriptor, Int32(SHUT_RDWR)) }

    enum Transfer: Sendable {
        case done(Int)
        /// Nothing can be transferred now.
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
