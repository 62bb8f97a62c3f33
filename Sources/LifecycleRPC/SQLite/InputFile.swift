internal import Glibc

/// A file that the user names to be read: rows to import, a backup. Nothing that it is can hold the reader up.
enum InputFile {
    struct Refusal: Error {
        /// Completes a sentence that begins with the file's name, as in "… cannot be opened: No such file".
        let reason: String
    }

    /// Opens it for reading; symbolic links are followed.
    static func open(_ path: String) throws(Refusal) -> Int32 {
        // Looked at first: to open a device may do something to it, and to open a FIFO waits for its other end.
        var status = stat()
        guard stat(path, &status) == 0 else { throw failed("cannot be opened") }
        try check(status)
        // And again: it may be another one by now.
        let descriptor = Glibc.open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failed("cannot be opened") }
        do throws(Refusal) {
            guard fstat(descriptor, &status) == 0 else { throw failed("cannot be looked at") }
            try check(status)
        } catch {
            close(descriptor)
            throw error
        }
        return descriptor
    }

    private static func check(_ status: stat) throws(Refusal) {
        let kind =
            switch status.st_mode & S_IFMT {
            case S_IFREG: nil as String?
            case S_IFDIR: "a folder"
            case S_IFIFO: "a pipe"
            case S_IFSOCK: "a socket"
            default: "a device"
            }
        if let kind { throw Refusal(reason: "is \(kind) and not a regular file") }
    }

    private static func failed(_ action: String) -> Refusal {
        Refusal(reason: "\(action): \(String(cString: strerror(errno)))")
    }
}
