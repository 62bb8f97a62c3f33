/// What happens to projects whose lease was tied to a connection that has ended without a verdict.
package enum LostHolder {
    /// Each has the detach grace left. One write for each transaction's worth.
    package static func detachments(of projects: [ProjectID]) -> [BoundCall.Write] {
        writes(projects) { stored, store, context throws(RPCError) in
            guard let deadline = stored.project.deadline else { return }
            let end = stored.detachEnd(detachedAt: context.now, limits: context.limits)
            try store.detach(stored, deadline: min(deadline, end), at: context.now)
        }
    }

    /// Another connection held it already.
    package static func restorations(of projects: [ProjectID]) -> [BoundCall.Write] {
        writes(projects) { stored, store, context throws(RPCError) in
            guard stored.isDetached, !stored.project.status.isTerminal else { return }
            let deadline = stored.deadline(lastReport: context.now, limits: context.limits)
            try store.renew(stored, deadline: deadline, at: context.now)
        }
    }

    private typealias Change =
        @Sendable (StoredProject, any WriteTransaction, CallContext) throws(RPCError) -> Void

    private static func writes(_ projects: [ProjectID], _ change: @escaping Change) -> [BoundCall.Write] {
        var writes: [BoundCall.Write] = []
        for start in stride(from: 0, to: projects.count, by: Sweep.batch) {
            writes.append(write(Array(projects[start...].prefix(Sweep.batch)), change))
        }
        return writes
    }

    private static func write(_ projects: [ProjectID], _ change: @escaping Change) -> BoundCall.Write {
        { store, context throws(RPCError) in
            for id in projects {
                if let stored = try store.project(.projectID(id)) { try change(stored, store, context) }
            }
            return { $0.null() }
        }
    }
}
