internal import Glibc
internal import LifecycleCore
internal import LifecycleSQLite

/// The lock file `<socket>.lock`. Its holder may replace the socket at the path. The daemon holds it for its whole
/// life. So if two daemons start at the same time over the socket of a killed one, neither takes the other's socket for
/// the old one.
///
/// It is in the same folder as the socket, so that it is the same file by every path to that folder.
final class SocketLock: Sendable {
    private let path: String
    private let descriptor: Int32

    /// A child process has a copy of the lock until it runs its program. So the lock is tried this often, every 20 ms.
    private static let tries = 5

    init(for socket: String) throws(ListenError) {
        path = socket + ".lock"
        var tries = Self.tries
        while true {
            let descriptor = try Self.open(path, for: socket)
            if let code = Self.lock(descriptor) {
                let holder = Self.holder(descriptor)
                close(descriptor)
                guard code == EWOULDBLOCK else { throw Self.failed("lock \(path)", code) }
                guard tries > 0 else {
                    throw ListenError(
                        description: "another lifecycled (\(holder)) listens on \(socket): stop it first, or give this "
                            + "one another --socket")
                }
                tries -= 1
                usleep(20_000)
            } else if Self.isStill(descriptor, at: path) {
                self.descriptor = descriptor
                break
            } else {
                // The earlier holder has removed the file, so this lock has no effect. Try again with the new file.
                close(descriptor)
            }
        }
        let text = Array("pid \(getpid())\n".utf8)
        // The content is only for people.
        _ = ftruncate(descriptor, 0)
        _ = text.withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, 0) }
    }

    deinit { close(descriptor) }  // This releases the lock.

    /// Removes the file after the socket. In a shared folder it could otherwise keep out another user's daemon.
    func remove() {
        if Self.isStill(descriptor, at: path) { unlink(path) }
    }

    private static func open(_ path: String, for socket: String) throws(ListenError) -> Int32 {
        while true {
            let flags = O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY
            let descriptor = Glibc.open(path, flags, 0o600)
            if descriptor >= 0 {
                var status = stat()
                if fstat(descriptor, &status) == 0, status.isRegularFile { return descriptor }
                close(descriptor)
                throw ListenError(description: "\(path) is not a file: remove it, or give another --socket")
            }
            switch errno {
            case EINTR: continue
            case ELOOP: throw ListenError(description: "\(path) is a symbolic link: remove it")
            // The folder is missing, because O_CREAT creates the file.
            case ENOENT, ENOTDIR: throw failed("listen on \(socket)", errno)
            case let code: throw failed("listen on \(socket), as \(path) cannot be opened", code)
            }
        }
    }

    /// - Returns: `errno`, or `nil` if the lock is held. Also `nil` if the file system has no such locks: the daemon
    ///   can then only check whether a process listens on the socket.
    private static func lock(_ descriptor: Int32) -> Int32? {
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            switch errno {
            case EINTR: continue
            case EOPNOTSUPP, ENOSYS, EINVAL: return nil
            case let code: return code
            }
        }
        return nil
    }

    private static func isStill(_ descriptor: Int32, at path: String) -> Bool {
        var (ours, theirs) = (stat(), stat())
        return fstat(descriptor, &ours) == 0 && lstat(path, &theirs) == 0 && ours.st_dev == theirs.st_dev
            && ours.st_ino == theirs.st_ino
    }

    private static func holder(_ descriptor: Int32) -> String {
        var bytes = [UInt8](repeating: 0, count: 32)
        let count = pread(descriptor, &bytes, bytes.count, 0)
        let digits = bytes.prefix(max(0, count)).dropFirst(4).prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")) ~= $0 }
        return digits.isEmpty ? "unknown pid" : "pid \(String(decoding: digits, as: UTF8.self))"
    }

    private static func failed(_ action: String, _ code: Int32) -> ListenError {
        ListenError(description: "cannot \(action): \(String(cString: strerror(code)))")
    }
}
