/// What the daemon's clocks do to projects that nobody reported in time.
package enum Sweep {
    /// Projects of one transaction, so that many due ones never hold up other callers.
    package static let batch = 500

    /// Settles due projects, at most `limit` of them, as the daemon itself.
    /// - Returns: how many were due; `limit` means that there may be more.
    package static func run(
        in store: any WriteTransaction, _ context: CallContext, resumedAt: Timestamp?, limit: Int = batch
    ) throws(RPCError) -> Int {
        let due = try store.dueProjects(at: context.now, limit: limit)
        for stored in due { try settle(stored, in: store, context, resumedAt: resumedAt) }
        return due.count
    }

    /// Fails and refunds a project that is due.
    /// - Parameter resumedAt: since when the daemon runs and the clock goes steadily. Before that its holder may have had
    ///   nobody to report to, so that a lease lasts a whole lease from there on; nil: always.
    package static func settle(
        _ stored: StoredProject, in store: any WriteTransaction, _ context: CallContext, resumedAt: Timestamp?
    ) throws(RPCError) {
        let code = reason(stored, context)
        if let resumedAt, let grace = grace(stored, code, from: resumedAt, context.limits), grace > context.now {
            return try postpone(stored, to: grace, in: store, at: context.now)
        }
        try store.finish(stored, .failed(code: code, message: message(code)), at: context.now)
        try store.record(NewEvent(.failed, of: stored, errorCode: code), by: context.caller, at: context.now)
    }

    /// Gives a project another deadline; its holder's loss stays one.
    package static func postpone(
        _ stored: StoredProject, to deadline: Timestamp, in store: any WriteTransaction, at now: Timestamp
    ) throws(RPCError) {
        if stored.isDetached {
            try store.detach(stored, deadline: deadline, at: now)
        } else {
            try store.renew(stored, deadline: deadline, at: now)
        }
    }

    private static func grace(
        _ stored: StoredProject, _ code: String, from resumedAt: Timestamp, _ limits: Limits
    ) -> Timestamp? {
        guard let deadline = stored.deadline(lastReport: resumedAt, limits: limits) else { return nil }
        return switch code {
        case FailureCode.leaseExpired: deadline
        case FailureCode.crashed:
            min(deadline, stored.detachEnd(detachedAt: resumedAt, limits: limits))
        default: nil
        }
    }

    /// Which of the clocks ran out.
    static func reason(_ stored: StoredProject, _ context: CallContext) -> String {
        if stored.project.status == .pending, !stored.isDetached {
            let runtime = stored.terms.maximumRuntime ?? context.limits.maximumRuntime
            let start = stored.terms.startTimeout ?? context.limits.startTimeout
            return start <= runtime ? FailureCode.startTimeout : FailureCode.runtimeExceeded
        }
        if context.now >= stored.runtimeEnd(context.limits) { return FailureCode.runtimeExceeded }
        return stored.isDetached ? FailureCode.crashed : FailureCode.leaseExpired
    }

    private static func message(_ code: String) -> String {
        switch code {
        case FailureCode.startTimeout: "no pipeline reported in time after the creation"
        case FailureCode.leaseExpired: "the pipeline stopped reporting"
        case FailureCode.crashed: "the process that held the lease ended without a verdict"
        default: "the project ran longer than it may"
        }
    }
}
