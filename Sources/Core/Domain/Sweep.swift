/// What the daemon's clocks do to projects that nobody reported in time.
package enum Sweep {
    /// Projects of one transaction, so that many due ones never hold up other callers.
    package static let batch = 500

    /// Fails and refunds due projects, at most `limit` of them, as the daemon itself.
    /// - Parameter grantsGrace: after the daemon was down, leases that ran out meanwhile get one more: their holders
    ///   had nobody to report to.
    /// - Returns: how many were due; `limit` means that there may be more.
    package static func run(
        in store: any WriteTransaction, _ context: CallContext, grantsGrace: Bool, limit: Int = batch
    ) throws(RPCError) -> Int {
        let due = try store.dueProjects(at: context.now, limit: limit)
        for stored in due {
            let code = reason(stored, context)
            if grantsGrace, code == FailureCode.leaseExpired {
                let deadline = stored.terms.deadline(
                    .processing, createdAt: stored.project.createdAt, lastReport: context.now, limits: context.limits)
                try store.renew(stored, deadline: deadline, at: context.now)
                continue
            }
            try store.finish(stored, .failed(code: code, message: message(code)), at: context.now)
            try store.record(NewEvent(.failed, of: stored, errorCode: code), by: context.caller, at: context.now)
        }
        return due.count
    }

    /// Which of the three clocks ran out.
    static func reason(_ stored: StoredProject, _ context: CallContext) -> String {
        let runtime = stored.terms.maximumRuntime ?? context.limits.maximumRuntime
        if stored.project.status == .pending {
            let start = stored.terms.startTimeout ?? context.limits.startTimeout
            return start <= runtime ? FailureCode.startTimeout : FailureCode.runtimeExceeded
        }
        let end = stored.project.createdAt.adding(seconds: runtime)
        return context.now >= end ? FailureCode.runtimeExceeded : FailureCode.leaseExpired
    }

    private static func message(_ code: String) -> String {
        switch code {
        case FailureCode.startTimeout: "no pipeline reported in time after the creation"
        case FailureCode.leaseExpired: "the pipeline stopped reporting"
        default: "the project ran longer than it may"
        }
    }
}
