internal import Glibc
internal import LifecycleCore
internal import LifecycleSQLite

/// The lock file, `<database>.lock`. It keeps a second daemon out while this object lives, and records across restarts
/// that the database was made.
///
/// Its first line is `created` or `new....`, its second line is `pid N`, and its third line, if any, is `brief`. Both
/// forms of the first line have the same length, so that a rewrite can never leave half of one.
final class LockFile: Sendable {
    let path: String
    private let descriptor: Int32

    private static let created = "created\n"
    private static let notCreated = "new....\n"
    private static let brief = "brief\n"
    /// How long to wait for a holder that says `brief`, in steps of 20 ms: 30 seconds.
    private static let patience = 1500
    private let isBrief: Bool

    /// - Parameter isBrief: the lock is held for a short time only, such as for one sweep. Other processes wait for it.
    init(_ path: String, isBrief: Bool = false) throws(StorageError) {
        guard let descriptor = try POSIXFile.open(path, O_RDWR | O_CREAT) else {
            throw StorageError(errno: ENOENT, cannot: "open \(path)")
        }
        self.path = path
        self.descriptor = descriptor
        self.isBrief = isBrief
        try acquire()
        let wasCreated = try wasCreated()
        do throws(StorageError) {
            try write(state: wasCreated ? Self.created : Self.notCreated)
        } catch {
            // The process id is only information for people. A full disk must not prevent the start, and with it
            // refunds.
            guard wasCreated, error.kind == .full else { throw error }
        }
    }

    deinit { close(descriptor) }  // and with it goes the lock

    /// Whether the database of this lock file was ever made.
    func wasCreated() throws(StorageError) -> Bool {
        try text().utf8.starts(with: Self.created.utf8)
    }

    /// The same for a path. It takes no lock and creates no file.
    static func saysCreated(_ path: String) throws(StorageError) -> Bool {
        guard let status = try POSIXFile.status(path), status.isRegularFile,
            let descriptor = try POSIXFile.open(path, O_RDONLY | O_NONBLOCK)
        else { return false }
        defer { close(descriptor) }
        return try text(descriptor, path).utf8.starts(with: created.utf8)
    }

    /// Records that the database was made. Durable when it returns.
    func markCreated() throws(StorageError) {
        try write(state: Self.created)
        try POSIXFile.sync(descriptor, path)
    }

    private func acquire() throws(StorageError) {
        var patience = Self.patience
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            switch errno {
            case EINTR: continue
            case EWOULDBLOCK:
                let text = try text()
                // Give a process that has just taken the lock 100 ms to write whether it is brief.
                if patience > (text.hasSuffix(Self.brief) ? 0 : Self.patience - 5) {
                    patience -= 1
                    usleep(20_000)
                    continue
                }
                let lines = text.split(separator: "\n")
                let holder = lines.first { $0.utf8.starts(with: "pid ".utf8) } ?? "unknown pid"
                throw StorageError(
                    .locked, code: EWOULDBLOCK,
                    "another lifecycled (\(holder)) uses this database: it holds \(path), stop it first")
            case let code: throw StorageError(errno: code, cannot: "lock \(path)")
            }
        }
    }

    private func text() throws(StorageError) -> String { try Self.text(descriptor, path) }

    private static func text(_ descriptor: Int32, _ path: String) throws(StorageError) -> String {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64, alignment: 1)
        defer { buffer.deallocate() }
        let count = try POSIXFile.read(descriptor, into: buffer, at: 0, path)
        return String(decoding: buffer[..<count], as: UTF8.self)
    }

    private func write(state: String) throws(StorageError) {
        let text = "\(state)pid \(getpid())\n\(isBrief ? Self.brief : "")".utf8
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: text.count, alignment: 1)
        defer { buffer.deallocate() }
        buffer.copyBytes(from: text)
        try POSIXFile.write(descriptor, UnsafeRawBufferPointer(buffer), at: 0, path)
        guard ftruncate(descriptor, buffer.count) == 0 else {
            throw StorageError(errno: errno, cannot: "write \(path)")
        }
    }
}
