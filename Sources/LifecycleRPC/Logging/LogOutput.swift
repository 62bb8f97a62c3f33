internal import Glibc

/// The destination of log records.
package enum LogOutput: Sendable, Equatable {
    /// journald, by its native protocol with separate fields.
    case journal
    /// Standard error, as lines of text.
    case standardError

    /// `journal` if systemd has connected standard error to the journal. systemd then sets `JOURNAL_STREAM`.
    package static func detect() -> LogOutput {
        let stream = getenv("JOURNAL_STREAM").map { String(cString: $0) }
        return detect(journalStream: stream, descriptor: STDERR_FILENO)
    }

    /// A child process inherits the variable, but may have another standard error. So the variable counts only if it
    /// has the device and the inode of `descriptor`.
    static func detect(journalStream: String?, descriptor: Int32) -> LogOutput {
        var status = stat()
        guard let journalStream, fstat(descriptor, &status) == 0 else { return .standardError }
        let identity = "\(status.st_dev):\(status.st_ino)"
        return journalStream.utf8.elementsEqual(identity.utf8) ? .journal : .standardError
    }
}
