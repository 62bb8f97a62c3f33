internal import Glibc

/// The last message of a process that a failure ends.
package enum LastWords {
    /// Writes one line to standard error, or a record with its message id to the journal. It does not wait for
    /// journald.
    package static func write(_ reason: String, _ status: DaemonExit) {
        let reason = reason.split(whereSeparator: \.isNewline).joined(separator: " ")
        if LogOutput.detect() == .journal, let journal = try? Journal() {
            let record = LogFormat.journal.record(
                .endedByFailure, [.reason: reason, .exitStatus: "\(status.rawValue)"])
            if journal.send(record, mayWait: false) { return }
        }
        StandardStream.errors.line("lifecycled: \(reason)")
    }
}
