package import LifecycleCore
package import LifecycleSQLite

/// Why nothing was imported.
package enum ImportError: Error, Sendable, CustomStringConvertible {
    /// The file cannot be read.
    case file(String)
    /// It was read, and these are wrong with it.
    case rows(RowErrors, path: String)
    /// The database cannot be opened.
    case database(StorageError)
    /// Storage failed in the middle of it; whether anything was kept is then known from `isOutcomeUnknown`.
    case storage(StorageError, isOutcomeUnknown: Bool)
    /// The audit before the COMMIT found these.
    case inconsistent([AuditReport.Finding])
    case interrupted

    /// What is wrong with single rows, a line each with its LF, fit for a terminal; empty for any other error.
    package var rows: String {
        guard case .rows(let errors, let path) = self else { return "" }
        func line(_ error: RowError, _ addition: String = "") -> String {
            PeerText.visible("\(path):\(error.line): \(error)\(addition)") + "\n"
        }
        let ofAll = errors.ofAll.map { line($0, " (said once, for \(errors.countOfAll) values)") } ?? ""
        let more = errors.untold > 0 ? "… and \(errors.untold) more\n" : ""
        return ofAll + errors.first.map { line($0) }.joined() + more
    }

    package var description: String {
        switch self {
        case .file(let reason): "\(reason); nothing was imported"
        case .rows(let errors, let path):
            "\(errors.count) error\(errors.count == 1 ? "" : "s") in \(path); nothing was imported"
        case .database(let error) where error.kind == .locked:
            """
            \(error.message): systemctl stop lifecycled.socket lifecycled.service (the socket too, or the next \
            connection starts it again); nothing was imported
            """
        case .database(let error): "\(error.message); nothing was imported"
        case .storage(let error, false): "\(error.message); nothing was imported"
        case .storage(let error, true):
            "\(error.message); whether the rows are kept is unknown: repeat the import, which skips what is there"
        case .inconsistent(let findings):
            """
            the ledger would not be in order: \(findings.count) finding\(findings.count == 1 ? "" : "s"), the first: \
            \(findings.first.map { "\($0.check) \($0.subject): \($0.detail)" } ?? ""); nothing was imported
            """
        case .interrupted: "interrupted; nothing was imported"
        }
    }
}
