internal import Glibc

/// An input file that the user names, such as rows to import or a backup. Only regular files are accepted, so that
/// reading never waits.
enum InputFile {
    struct Refusal: Error {
        /// Completes a sentence that begins with the name of the file, as in "… cannot be opened: No such file".
        let reason: String
    }

    /// Opens the file for reading. Symbolic links are followed.
    static func open(_ path: String) throws(Refusal) -> Int32 {
        // Checked before the opening, because opening a device may have effects, and opening a FIFO waits for its other
        // end.
        var status = stat()
        guard stat(path, &status) == 0 else { throw failed("cannot be opened") }
        try check(status)
        // Checked again after the opening, because the file may have been replaced meanwhile.
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
