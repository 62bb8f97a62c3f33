/// The three clocks of a project, in whole seconds. nil: the daemon's default, as it is configured at the time.
package struct Terms: Sendable, Equatable {
    package var startTimeout: Int64?
    package var lease: Int64?
    package var maximumRuntime: Int64?

    package init(startTimeout: Int64? = nil, lease: Int64? = nil, maximumRuntime: Int64? = nil) {
        self.startTimeout = startTimeout
        self.lease = lease
        self.maximumRuntime = maximumRuntime
    }

    /// The earliest time at which the daemon itself will fail the project if nobody reports.
    /// - Parameter lastReport: when the pipeline last reported; it counts while processing only.
    package func deadline(
        _ status: Status, createdAt: Timestamp, lastReport: Timestamp, limits: Limits
    ) -> Timestamp? {
        let end = createdAt.adding(seconds: maximumRuntime ?? limits.maximumRuntime)
        switch status {
        case .pending: return min(end, createdAt.adding(seconds: startTimeout ?? limits.startTimeout))
        case .processing: return min(end, lastReport.adding(seconds: lease ?? limits.lease))
        case .completed, .failed: return nil
        }
    }

    /// When a project fails whose holder's connection ended at `detachedAt`.
    package func detachEnd(createdAt: Timestamp, detachedAt: Timestamp, limits: Limits) -> Timestamp {
        let end = createdAt.adding(seconds: maximumRuntime ?? limits.maximumRuntime)
        return min(end, detachedAt.adding(seconds: limits.detachGrace))
    }
}
