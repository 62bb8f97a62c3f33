internal import Glibc
internal import LifecycleSystem

/// Why the daemon cannot listen, as one sentence for the admin.
struct ListenError: Error, CustomStringConvertible {
    let description: String
}

/// The socket that callers connect to: inherited from systemd, or bound by ourselves.
struct Listener: Sendable {
    let descriptor: Int32
    /// nil for an inherited one, which is systemd's to remove.
    private let owned: (path: String, device: dev_t, inode: ino_t)?

    /// How many connections the kernel may hold for us; the kernel takes less if net.core.somaxconn says so.
    static let backlog: Int32 = 4096

    init(inherited descriptor: Int32) {
        self.descriptor = descriptor
        owned = nil
    }

    /// Binds a path. A socket that is left there is replaced only when nobody answers on it.
    init(path: String) throws(ListenError) {
        guard let address = UnixSocketAddress(path: path) else {
            throw ListenError(description: "--socket must have 1 to \(UnixSocketAddress.maximumPathBytes) bytes")
        }
        try Self.removeStale(path, address)
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | socketFlags, 0)
        guard descriptor >= 0 else { throw Self.failed("create a socket") }
        guard address.with({ bind(descriptor, $0, $1) }) == 0, listen(descriptor, Self.backlog) == 0 else {
            let error = Self.failed("listen on \(path)")
            close(descriptor)
            throw error
        }
        var status = stat()
        guard lstat(path, &status) == 0 else { throw Self.failed("find \(path) after binding it") }
        self.descriptor = descriptor
        owned = (path, status.st_dev, status.st_ino)
    }

    /// Whoever adopts a listener calls listen(2) again and with a backlog of its own; this puts ours back.
    func restoreBacklog() { listen(descriptor, Self.backlog) }

    /// Removes our own socket, unless somebody has put another in its place.
    func remove() {
        guard let owned else { return }
        var status = stat()
        guard lstat(owned.path, &status) == 0, status.st_dev == owned.device, status.st_ino == owned.inode else {
            return
        }
        unlink(owned.path)
    }

    private static func removeStale(_ path: String, _ address: UnixSocketAddress) throws(ListenError) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFSOCK else {
            throw ListenError(description: "\(path) exists and is not a socket: choose another --socket")
        }
        let probe = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | socketFlags, 0)
        guard probe >= 0 else { throw failed("create a socket") }
        defer { close(probe) }
        guard address.with({ connect(probe, $0, $1) }) != 0 else {
            throw ListenError(description: "another process listens on \(path): stop it or choose another --socket")
        }
        // EAGAIN: somebody listens whose queue is full.
        guard errno == ECONNREFUSED else { throw failed("replace the socket \(path)") }
        unlink(path)
    }

    private static func failed(_ action: String) -> ListenError {
        ListenError(description: "cannot \(action): \(String(cString: strerror(errno)))")
    }
}

/// Never inherited by a child, never blocking.
private let socketFlags = Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
