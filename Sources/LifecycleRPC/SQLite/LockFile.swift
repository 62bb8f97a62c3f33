internal import Glibc
internal import LifecycleSQLite

/// `<database>.lock`: keeps a second daemon out for as long as this object lives, and remembers across restarts that
/// the database was made once.
///
/// The text is `created` or `new....` on the first line, then `pid N`, then perhaps `brief`. The first line keeps its
/// length, so that rewriting it can never leave half of it.
final class LockFile: Sendable {
    let path: String
    private let descriptor: Int32

    private static let created = "created\n"
    private static let notCreated = "new....\n"
    private static let brief = "brief\n"
    /// How long a brief holder is waited for, in steps of 20 ms.
    private static let patience = 1500
    private let isBrief: Bool

    /// - Parameter isBrief: it is held for a moment only, such as for one sweep: who comes meanwhile waits.
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
            // The number in it is for people only: a full disk must not keep refunds waiting for it.
            guard wasCreated, error.kind == .full else { throw error }
        }
    }

    deinit { close(descriptor) }  // and with it goes the lock

    /// Whether the database that this lock belongs to was once made.
    func wasCreated() throws(StorageError) -> Bool {
        try text().utf8.starts(with: Self.created.utf8)
    }

    /// The same of a path, without the lock and without making the file.
    static func saysCreated(_ path: String) throws(StorageError) -> Bool {
        guard let status = try POSIXFile.status(path), status.isRegularFile,
            let descriptor = try POSIXFile.open(path, O_RDONLY | O_NONBLOCK)
        else { return false }
        defer { close(descriptor) }
        return try text(descriptor, path).utf8.starts(with: created.utf8)
    }

    /// Durable when it returns.
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
                // Whoever has just taken it may not have said yet for how long.
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
