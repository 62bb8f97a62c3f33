internal import Glibc
internal import LifecycleCore

/// The limit of open descriptors: often 1024, which is what the connections alone may need.
package enum OpenFileLimit {
    /// What the daemon has open beside its connections: database, listener, log, event loop; and those it refuses.
    static let reserve = 64 + RefusedConnection.most

    /// Raises the process's soft limit to what the connections need, or as far as the hard limit lets it; logs a
    /// warning when that is too low.
    /// - Throws: when not even the daemon itself has enough: it would say that it is ready, and accept nobody.
    package static func raise(for configuration: DaemonConfiguration) throws(DaemonError) {
        let needed = configuration.limits.maximumConnections.addingReportingOverflow(reserve).partialValue
        let limit = raise(to: rlim_t(clamping: needed))
        guard limit < needed else { return }
        guard limit >= reserve else {
            throw .other("\(limit) open files are allowed, and lifecycled itself needs \(reserve): raise LimitNOFILE=")
        }
        DaemonLog().write(.fewOpenFiles, [.allowed: "\(limit)", .needed: "\(needed)"])
    }

    /// - Returns: the soft limit that holds afterwards.
    static func raise(to needed: rlim_t) -> rlim_t {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 0 }
        guard limit.rlim_cur < needed else { return limit.rlim_cur }
        let before = limit.rlim_cur
        limit.rlim_cur = min(needed, limit.rlim_max)
        return setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 ? limit.rlim_cur : before
    }
}
