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

    /// When a project must have ended that began to run at `start`.
    package func runtimeEnd(from start: Timestamp, _ limits: Limits) -> Timestamp {
        start.adding(seconds: maximumRuntime ?? limits.maximumRuntime)
    }

    /// The earliest time at which the daemon itself will fail the project if nobody reports.
    /// - Parameters:
    ///   - lastReport: when the pipeline last reported; it counts while processing only.
    ///   - runtimeEnd: nil: as the terms have it from the creation on.
    package func deadline(
        _ status: Status, createdAt: Timestamp, lastReport: Timestamp, runtimeEnd: Timestamp? = nil, limits: Limits
    ) -> Timestamp? {
        let end = runtimeEnd ?? self.runtimeEnd(from: createdAt, limits)
        switch status {
        case .pending: return min(end, createdAt.adding(seconds: startTimeout ?? limits.startTimeout))
        case .processing: return min(end, lastReport.adding(seconds: lease ?? limits.lease))
        case .completed, .failed: return nil
        }
    }
}

/// Until when a project may run, whatever happened to the clock and to it since its creation.
extension StoredProject {
    /// When `maxRuntime` ends it.
    package func runtimeEnd(_ limits: Limits) -> Timestamp {
        let end = terms.runtimeEnd(from: project.createdAt, limits).adding(milliseconds: pausedTime)
        return runtimeEnd.map { min($0, end) } ?? end
    }

    /// When the daemon will fail it if nobody reports after `lastReport`, or after its pause. After the clock went back
    /// that may be before the creation, and a start is waited for from there on.
    /// - Parameters:
    ///   - status: nil: its own.
    ///   - end: when its runtime ends; nil: as it is known.
    package func deadline(
        _ status: Status? = nil, lastReport: Timestamp, endingBy end: Timestamp? = nil, limits: Limits
    ) -> Timestamp? {
        let deadline = terms.deadline(
            status ?? project.status, createdAt: min(project.createdAt, lastReport),
            lastReport: max(lastReport, project.pausedUntil ?? lastReport),
            runtimeEnd: end ?? runtimeEnd(limits), limits: limits)
        // A pause that was granted lasts, also when the limits are lower since.
        guard let deadline, let pausedUntil = project.pausedUntil else { return deadline }
        return max(deadline, pausedUntil)
    }

    /// When it fails if its holder's connection ended at `detachedAt`.
    package func detachEnd(detachedAt: Timestamp, endingBy end: Timestamp? = nil, limits: Limits) -> Timestamp {
        min(end ?? runtimeEnd(limits), detachedAt.adding(seconds: limits.detachGrace))
    }
}
