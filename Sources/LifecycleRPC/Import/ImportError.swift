package import LifecycleCore

/// Why nothing was imported.
package enum ImportError: Error, Sendable, CustomStringConvertible {
    /// The file cannot be read.
    case file(String)
    /// The file was read and has these errors.
    case rows(RowErrors, path: String)
    /// The database cannot be opened.
    case database(StorageError)
    /// Storage failed during the import. If `isOutcomeUnknown`, it may have been committed.
    case storage(StorageError, isOutcomeUnknown: Bool)
    /// The audit before the COMMIT found these faults.
    case inconsistent([AuditReport.Finding])
    case interrupted

    /// The errors of rows for people, one line with LF for each. Empty for other errors.
    package var rows: String {
        guard case .rows(let errors, let path) = self else { return "" }
        func line(_ error: RowError, _ addition: String = "") -> String {
            PeerText.visible("\(path):\(error.line): \(error)\(addition)") + "\n"
        }
        let ofAll = errors.ofAll.map { line($0, " (shown once for \(errors.countOfAll) values)") } ?? ""
        let more = errors.notShown > 0 ? "… and \(errors.notShown) more\n" : ""
        return ofAll + errors.first.map { line($0) }.joined() + more
    }

    package var description: String {
        switch self {
        case .file(let reason): "\(reason); nothing was imported"
        case .rows(let errors, let path):
            "\(errors.count) error\(errors.count == 1 ? "" : "s") in \(path); nothing was imported"
        case .database(let error) where error.kind == .locked:
            """
            \(error.message): run systemctl stop lifecycled.socket lifecycled.service (if only the service is stopped, \
            the next connection starts it again); nothing was imported
            """
        case .database(let error): "\(error.message); nothing was imported"
        case .storage(let error, false): "\(error.message); nothing was imported"
        case .storage(let error, true):
            "\(error.message); the rows may have been imported: repeat the import, which skips existing rows"
        case .inconsistent(let findings):
            """
            the import would break the ledger: \(findings.count) finding\(findings.count == 1 ? "" : "s"), the first: \
            \(findings.first.map { "\($0.check) \($0.subject): \($0.detail)" } ?? ""); nothing was imported
            """
        case .interrupted: "interrupted; nothing was imported"
        }
    }
}
