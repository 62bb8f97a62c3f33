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
    private let owned: (path: String, device: dev_t, inode: ino_t, lock: SocketLock)?

    /// How many connections the kernel may hold for us; the kernel takes less if net.core.somaxconn says so.
    static let backlog: Int32 = 4096

    init(inherited descriptor: Int32) {
        self.descriptor = descriptor
        owned = nil
    }

    /// Binds a path. A socket that is left there is replaced only when its daemon is gone, and nobody answers on it.
    init(path: String) throws(ListenError) {
        guard let address = UnixSocketAddress(path: path) else {
            throw ListenError(description: "--socket must have 1 to \(UnixSocketAddress.maximumPathBytes) bytes")
        }
        // Before anything is made beside it.
        _ = try Self.isSocket(path)
        let lock = try SocketLock(for: path)
        do throws(ListenError) {
            (descriptor, owned) = try Self.bind(path, address, lock)
        } catch {
            lock.remove()
            throw error
        }
    }

    private static func bind(
        _ path: String, _ address: UnixSocketAddress, _ lock: SocketLock
    ) throws(ListenError) -> (Int32, (String, dev_t, ino_t, SocketLock)) {
        try removeStale(path, address)
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | socketFlags, 0)
        guard descriptor >= 0 else { throw failed("create a socket") }
        guard address.with({ Glibc.bind(descriptor, $0, $1) }) == 0, listen(descriptor, backlog) == 0 else {
            let error = failed("listen on \(path)")
            close(descriptor)
            throw error
        }
        var status = stat()
        guard lstat(path, &status) == 0 else {
            let error = failed("find \(path) after binding it")
            close(descriptor)
            throw error
        }
        return (descriptor, (path, status.st_dev, status.st_ino, lock))
    }

    /// Whoever adopts a listener calls listen(2) again and with a backlog of its own; this puts ours back.
    func restoreBacklog() { listen(descriptor, Self.backlog) }

    /// Whether the path is ours to look after.
    var isOwn: Bool { owned != nil }

    /// Why nobody can reach it by its path any more; nil while somebody can. While it is open its inode has no second use.
    var loss: String? {
        guard let owned else { return nil }
        var status = stat()
        guard lstat(owned.path, &status) == 0 else {
            return [ENOENT, ENOTDIR].contains(errno) ? "\(owned.path) was removed while in use" : nil
        }
        let isOurs = status.st_dev == owned.device && status.st_ino == owned.inode
        return isOurs ? nil : "\(owned.path) was replaced while in use"
    }

    /// Removes our own socket, unless somebody has put another in its place; and then its lock.
    func remove() {
        guard let owned else { return }
        var status = stat()
        if lstat(owned.path, &status) == 0, status.st_dev == owned.device, status.st_ino == owned.inode {
            unlink(owned.path)
        }
        owned.lock.remove()
    }

    /// - Returns: whether there is one, whoever listens.
    private static func isSocket(_ path: String) throws(ListenError) -> Bool {
        var status = stat()
        guard lstat(path, &status) == 0 else { return false }
        guard status.st_mode & S_IFMT == S_IFSOCK else {
            throw ListenError(description: "\(path) exists and is not a socket: choose another --socket")
        }
        return true
    }

    private static func removeStale(_ path: String, _ address: UnixSocketAddress) throws(ListenError) {
        guard try isSocket(path) else { return }
        do throws(SystemCallError) {
            close(try address.connect(isBlocking: false))
        } catch {
            // EAGAIN: somebody listens whose queue is full.
            guard error.code == ECONNREFUSED else { throw failed("replace the socket \(path)", error.code) }
            unlink(path)
            return
        }
        throw ListenError(description: "another process listens on \(path): stop it or choose another --socket")
    }

    private static func failed(_ action: String, _ code: Int32 = errno) -> ListenError {
        ListenError(description: "cannot \(action): \(String(cString: strerror(code)))")
    }
}

/// Never inherited by a child, never blocking.
private let socketFlags = Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
