internal import Glibc
internal import LifecycleSystem

/// Why the daemon cannot listen, as one sentence for the admin without a full stop.
struct ListenError: Error, CustomStringConvertible {
    let description: String
}

/// The listening socket: passed by systemd, or bound by the daemon.
struct Listener: Sendable {
    let descriptor: Int32
    /// `nil` for a socket from systemd, which systemd removes.
    private let owned: (path: String, device: dev_t, inode: ino_t, lock: SocketLock)?

    /// How many connections may wait to be accepted. The kernel limits it to net.core.somaxconn.
    static let backlog: Int32 = 4096

    init(inherited descriptor: Int32) {
        self.descriptor = descriptor
        owned = nil
    }

    /// Binds a path. An existing socket there is replaced only if no process listens on it.
    init(path: String) throws(ListenError) {
        guard let address = UnixSocketAddress(path: path) else {
            throw ListenError(description: "--socket must have 1 to \(UnixSocketAddress.maximumPathBytes) bytes")
        }
        // Checked before the lock file is created next to it.
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

    /// Sets the backlog again. NIO calls listen(2) with its own backlog when it adopts the socket.
    func restoreBacklog() { listen(descriptor, Self.backlog) }

    /// The daemon has bound the path, and must check and remove it.
    var isOwn: Bool { owned != nil }

    /// Why the socket cannot be reached by its path any more. `nil` if it can. The comparison is safe, because the
    /// kernel does not reuse the inode of an open file.
    var loss: String? {
        guard let owned else { return nil }
        var status = stat()
        guard lstat(owned.path, &status) == 0 else {
            return [ENOENT, ENOTDIR].contains(errno) ? "\(owned.path) was removed while in use" : nil
        }
        let isOurs = status.st_dev == owned.device && status.st_ino == owned.inode
        return isOurs ? nil : "\(owned.path) was replaced while in use"
    }

    /// Removes the socket that the daemon has bound, unless it was replaced, and then its lock file.
    func remove() {
        guard let owned else { return }
        var status = stat()
        if lstat(owned.path, &status) == 0, status.st_dev == owned.device, status.st_ino == owned.inode {
            unlink(owned.path)
        }
        owned.lock.remove()
    }

    /// - Returns: whether there is a socket at the path.
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
            // EAGAIN means that a process listens and its queue is full.
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

/// Child processes do not inherit the socket, and its calls do not block.
private let socketFlags = Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
