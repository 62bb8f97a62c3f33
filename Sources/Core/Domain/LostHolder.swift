/// What happens to projects whose lease was tied to a connection that has ended without a verdict.
package enum LostHolder {
    /// One write for each transaction's worth.
    package static func writes(_ projects: [ProjectID]) -> [BoundCall.Write] {
        var writes: [BoundCall.Write] = []
        var rest = projects[...]
        while !rest.isEmpty {
            writes.append(write(Array(rest.prefix(Sweep.batch))))
            rest = rest.dropFirst(Sweep.batch)
        }
        return writes
    }

    private static func write(_ projects: [ProjectID]) -> BoundCall.Write {
        { store, context throws(RPCError) in
            for id in projects { try detach(id, in: store, context) }
            return { $0.null() }
        }
    }

    private static func detach(
        _ id: ProjectID, in store: any WriteTransaction, _ context: CallContext
    ) throws(RPCError) {
        guard let stored = try store.project(.projectID(id)), let deadline = stored.project.deadline else { return }
        let end = stored.terms.detachEnd(
            createdAt: stored.project.createdAt, detachedAt: context.now, limits: context.limits)
        try store.detach(stored, deadline: min(deadline, end), at: context.now)
    }
}
