package import Glibc
package import LifecycleCore

/// System calls on files. They handle EINTR and short transfers, and throw `StorageError`.
package enum POSIXFile {
    /// Opens with O_CLOEXEC and O_NOFOLLOW. Returns `nil` if the file does not exist and `flags` do not create it.
    package static func open(_ path: String, _ flags: Int32, mode: mode_t = 0o600) throws(StorageError) -> Int32? {
        while true {
            let descriptor = Glibc.open(path, flags | O_CLOEXEC | O_NOFOLLOW, mode)
            if descriptor >= 0 { return descriptor }
            switch errno {
            case EINTR: continue
            case ENOENT where flags & O_CREAT == 0: return nil
            case ELOOP: throw StorageError(.cannotOpen, code: ELOOP, "\(path) is a symbolic link: remove it")
            case let code: throw StorageError(errno: code, cannot: "open \(path)")
            }
        }
    }

    /// Creates an empty file with mode 0600. An existing file is not opened, because closing it again would drop locks.
    package static func createIfMissing(_ path: String) throws(StorageError) {
        let descriptor = Glibc.open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        if descriptor >= 0 {
            close(descriptor)
        } else if errno != EEXIST {
            throw StorageError(errno: errno, cannot: "create \(path)")
        }
    }

    /// The status of the path itself, without following symbolic links; `nil` if nothing is there.
    package static func status(_ path: String) throws(StorageError) -> stat? {
        var result = stat()
        if lstat(path, &result) == 0 { return result }
        if errno == ENOENT { return nil }
        throw StorageError(errno: errno, cannot: "look at \(path)")
    }

    package static func status(_ descriptor: Int32, _ path: String) throws(StorageError) -> stat {
        var result = stat()
        guard fstat(descriptor, &result) == 0 else { throw StorageError(errno: errno, cannot: "look at \(path)") }
        return result
    }

    /// Reads until `buffer` is full or the file ends. Returns the number of bytes that were read.
    package static func read(
        _ descriptor: Int32, into buffer: UnsafeMutableRawBufferPointer, at offset: Int, _ path: String
    ) throws(StorageError) -> Int {
        var done = 0
        while done < buffer.count {
            let count = pread(
                descriptor, buffer.baseAddress.map { $0 + done }, buffer.count - done, offset + done)
            if count == 0 { break }
            if count > 0 {
                done += count
            } else if errno != EINTR {
                throw StorageError(errno: errno, cannot: "read \(path)")
            }
        }
        return done
    }

    package static func write(
        _ descriptor: Int32, _ bytes: UnsafeRawBufferPointer, at offset: Int, _ path: String
    ) throws(StorageError) {
        var done = 0
        while done < bytes.count {
            let count = pwrite(descriptor, bytes.baseAddress.map { $0 + done }, bytes.count - done, offset + done)
            if count > 0 {
                done += count
            } else if count == 0 || errno != EINTR {
                throw StorageError(errno: errno, cannot: "write \(path)")
            }
        }
    }

    /// Makes the names of new files in a folder durable.
    package static func sync(folder: String) throws(StorageError) {
        guard let descriptor = try open(folder, O_RDONLY | O_DIRECTORY) else {
            throw StorageError(.moved, code: ENOENT, "the folder \(folder) is gone: put it back and restart")
        }
        defer { close(descriptor) }
        try sync(descriptor, folder)
    }

    /// A failed sync is never repeated, because the kernel may have dropped the pages.
    package static func sync(_ descriptor: Int32, _ path: String) throws(StorageError) {
        // fsync and not fdatasync, because it is also used for folders and new files.
        while fsync(descriptor) != 0 {
            let code = errno
            if code == EINTR { continue }
            // Even a full disk is an I/O error here, because it is unknown what has reached the disk.
            throw StorageError(.io, code: code, "cannot sync \(path): \(String(cString: strerror(code)))")
        }
    }
}

extension stat {
    package var isRegularFile: Bool { st_mode & S_IFMT == S_IFREG }
    package var isDirectory: Bool { st_mode & S_IFMT == S_IFDIR }
    package var isSymbolicLink: Bool { st_mode & S_IFMT == S_IFLNK }
    package var isWritableByOthers: Bool { st_mode & 0o022 != 0 }
}
