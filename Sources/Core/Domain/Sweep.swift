/// Fails and refunds projects without a report in time.
package enum Sweep {
    /// The maximum number of projects in one transaction, so that many due projects do not delay other requests.
    package static let batch = 500

    /// Expires due projects, at most `limit`, in the name of the daemon.
    /// - Returns: how many were due. If it is `limit`, there may be more.
    package static func run(
        in transaction: WriteTransaction, _ context: CallContext, resumedAt: Timestamp?, limit: Int = batch
    ) throws(RPCError) -> Int {
        let due = try transaction.dueProjects(at: context.now, limit: limit)
        for stored in due { try settle(stored, in: transaction, context, resumedAt: resumedAt) }
        return due.count
    }

    /// Fails and refunds a project that is due.
    /// - Parameter resumedAt: when the daemon could receive reports again, after a restart, a clock jump or a pause. A
    ///   lease, or a detach grace, lasts at least its whole length from this time on. `nil` if there was no such pause.
    package static func settle(
        _ stored: StoredProject, in transaction: WriteTransaction, _ context: CallContext, resumedAt: Timestamp?
    ) throws(RPCError) {
        let code = reason(stored, context)
        if let resumedAt, let grace = grace(stored, code, from: resumedAt, context.limits), grace > context.now {
            return try postpone(stored, to: grace, in: transaction, at: context.now)
        }
        try transaction.finish(stored, .failed(code: code, message: message(code, stored)), at: context.now)
        try transaction.record(NewEvent(.failed, of: stored, errorCode: code), by: context.caller, at: context.now)
    }

    /// Sets another deadline. A detached project stays detached.
    package static func postpone(
        _ stored: StoredProject, to deadline: Timestamp, in transaction: WriteTransaction, at now: Timestamp
    ) throws(RPCError) {
        if stored.isDetached {
            try transaction.detach(stored, deadline: deadline, at: now)
        } else {
            try transaction.renew(stored, deadline: deadline, at: now)
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

    /// The clock that ran out, as a failure code.
    static func reason(_ stored: StoredProject, _ context: CallContext) -> String {
        if stored.project.status == .pending, !stored.isDetached {
            let runtime = stored.terms.maximumRuntime ?? context.limits.maximumRuntime
            let start = stored.terms.startTimeout ?? context.limits.startTimeout
            return start <= runtime ? FailureCode.startTimeout : FailureCode.runtimeExceeded
        }
        if context.now >= stored.runtimeEnd(context.limits) { return FailureCode.runtimeExceeded }
        return stored.isDetached ? FailureCode.crashed : FailureCode.leaseExpired
    }

    private static func message(_ code: String, _ stored: StoredProject) -> String {
        switch code {
        case FailureCode.startTimeout: "no pipeline reported in time after the creation"
        case FailureCode.leaseExpired where stored.project.pausedUntil != nil:
            "the pipeline did not report again after its pause"
        case FailureCode.leaseExpired: "the pipeline stopped reporting"
        case FailureCode.crashed: "the process that held the lease ended without a verdict"
        default: "the project ran longer than it may"
        }
    }
}
