package import LifecycleCore

/// Why the daemon did not start, or stopped by itself.
package enum DaemonError: Error, Sendable, CustomStringConvertible {
    /// The daemon cannot listen.
    case listen(String)
    /// The database cannot be opened.
    case storage(StorageError)
    /// Storage failed while running. Nothing was acknowledged after that.
    case failed(StorageError)
    /// The check after an unclean stop found these faults.
    case inconsistent([String])
    /// The backup was not restored.
    case restore(String)
    /// A bug, or a limit of the machine.
    case other(String)

    package var description: String {
        switch self {
        case .listen(let reason), .restore(let reason), .other(let reason): reason
        case .storage(let error): error.message
        case .failed(let error): "storage failed and nothing more was acknowledged: \(error.message)"
        case .inconsistent(let findings):
            "the check after an unclean stop found \(findings.count) faults, the first: \(findings.first ?? "")"
        }
    }
}
