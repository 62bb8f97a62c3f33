internal import Glibc

/// What the process says when a failure ends it.
package enum LastWords {
    /// Writes one line to standard error, fit for a terminal, or to the journal as a record that can be found by its id.
    /// Does not wait for a journal that takes nothing.
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
