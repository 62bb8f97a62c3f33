/// The writes for projects whose lease was attached to a connection that has ended before a verdict.
package enum LostHolder {
    /// The projects have their detach grace left. Each write has at most `Sweep.batch` projects.
    package static func detachments(of projects: [ProjectID]) -> [BoundCall.Write] {
        writes(projects) { stored, transaction, context throws(RPCError) in
            // A paused project needs no lease holder.
            guard let deadline = stored.project.deadline, stored.project.pausedUntil == nil else { return }
            let end = stored.detachEnd(detachedAt: context.now, limits: context.limits)
            try transaction.detach(stored, deadline: min(deadline, end), at: context.now)
        }
    }

    /// Another connection has attached the leases already, so the projects get a whole lease.
    package static func restorations(of projects: [ProjectID]) -> [BoundCall.Write] {
        writes(projects) { stored, transaction, context throws(RPCError) in
            guard stored.isDetached, !stored.project.status.isTerminal else { return }
            let deadline = stored.deadline(lastReport: context.now, limits: context.limits)
            try transaction.renew(stored, deadline: deadline, at: context.now)
        }
    }

    private typealias Change =
        @Sendable (StoredProject, WriteTransaction, CallContext) throws(RPCError) -> Void

    private static func writes(_ projects: [ProjectID], _ change: @escaping Change) -> [BoundCall.Write] {
        var writes: [BoundCall.Write] = []
        for start in stride(from: 0, to: projects.count, by: Sweep.batch) {
            writes.append(write(Array(projects[start...].prefix(Sweep.batch)), change))
        }
        return writes
    }

    private static func write(_ projects: [ProjectID], _ change: @escaping Change) -> BoundCall.Write {
        { transaction, context throws(RPCError) in
            for id in projects {
                if let stored = try transaction.project(.projectID(id)) { try change(stored, transaction, context) }
            }
            return { $0.null() }
        }
    }
}
