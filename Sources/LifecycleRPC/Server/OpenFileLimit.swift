internal import Glibc
internal import LifecycleCore

/// The limit of open descriptors. It is often 1024, which the connections alone can use up.
package enum OpenFileLimit {
    /// The descriptors that the daemon needs in addition to connections: database, listener, log, event loop, and
    /// connections that it refuses.
    static let reserve = 64 + RefusedConnection.maximumOpen

    /// Raises the soft limit to the number that the connections need, or to the hard limit. Logs a warning if that is
    /// too low.
    /// - Throws: if the daemon itself has too few. It could start, but accept no connection.
    package static func raise(for configuration: DaemonConfiguration) throws(DaemonError) {
        let needed = configuration.limits.maximumConnections.addingReportingOverflow(reserve).partialValue
        let limit = raise(to: rlim_t(clamping: needed))
        guard limit < needed else { return }
        guard limit >= reserve else {
            throw .other("\(limit) open files are allowed, and lifecycled itself needs \(reserve): raise LimitNOFILE=")
        }
        DaemonLog().write(.fewOpenFiles, [.allowed: "\(limit)", .needed: "\(needed)"])
    }

    /// - Returns: the soft limit after the call.
    static func raise(to needed: rlim_t) -> rlim_t {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 0 }
        guard limit.rlim_cur < needed else { return limit.rlim_cur }
        let before = limit.rlim_cur
        limit.rlim_cur = min(needed, limit.rlim_max)
        return setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 ? limit.rlim_cur : before
    }
}
