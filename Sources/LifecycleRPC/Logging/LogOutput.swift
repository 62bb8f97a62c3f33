internal import Glibc

/// Where log records go.
package enum LogOutput: Sendable, Equatable {
    /// To journald by its native protocol, which keeps the fields apart.
    case journal
    /// To standard error, as lines of text.
    case standardError

    /// `journal` when systemd connected standard error to the journal, which it says in `JOURNAL_STREAM`.
    package static func detect() -> LogOutput {
        let stream = getenv("JOURNAL_STREAM").map { String(cString: $0) }
        return detect(journalStream: stream, descriptor: STDERR_FILENO)
    }

    /// The variable is inherited by children whose standard error goes elsewhere: it counts only when it names the
    /// device and the inode of `descriptor`.
    static func detect(journalStream: String?, descriptor: Int32) -> LogOutput {
        var status = stat()
        guard let journalStream, fstat(descriptor, &status) == 0 else { return .standardError }
        let identity = "\(status.st_dev):\(status.st_ino)"
        return journalStream.utf8.elementsEqual(identity.utf8) ? .journal : .standardError
    }
}
