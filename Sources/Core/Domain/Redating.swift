/// What somebody who sets the clock does to unfinished projects. Their times were read from the clock as it was; what
/// counts for them is how much time has passed.
package enum Redating: Sendable, Equatable {
    /// Differences below this are a clock that is being corrected bit by bit. In milliseconds.
    package static let tolerance: Int64 = 2000

    /// The clock went back: what was created in what is the future now counts from now on, and nobody waits longer than
    /// after a report at this moment.
    case back
    /// The clock went forwards, by so many milliseconds. For those that it had gone back for this is most likely the
    /// correction, so that their runtime counts on from where it was. For others, this is time.
    case forwards(by: Int64)
    /// The daemon starts, and nobody knows how the clock came to what it shows. For those that it had gone back for, the
    /// time since their last sign of life counts as `forwards`, lest a clock that was corrected meanwhile end them at once.
    case start

    /// Does one transaction's share, `limit` projects.
    /// - Parameter last: what the call before returned; nil to begin with.
    /// - Returns: from where to go on; nil: all were looked at.
    package func run(
        in store: any WriteTransaction, _ context: CallContext, below last: StoredProject?, limit: Int = Sweep.batch
    ) throws(RPCError) -> StoredProject? {
        let projects = try store.unfinishedProjects(setBack: self != .back, below: last, limit: limit)
        for stored in projects { try redate(stored, in: store, context) }
        return projects.count < limit ? nil : projects.last
    }

    private func redate(
        _ stored: StoredProject, in store: any WriteTransaction, _ context: CallContext
    ) throws(RPCError) {
        guard let known = stored.project.deadline else { return }
        let start = start(of: stored, at: context.now)
        var longest = stored.terms.deadline(
            stored.project.status, createdAt: start, lastReport: context.now, limits: context.limits)
        if stored.isDetached {
            let end = stored.terms.detachEnd(createdAt: start, detachedAt: context.now, limits: context.limits)
            longest = longest.map { min($0, end) }
        }
        let deadline = self == .back ? min(longest ?? known, known) : max(longest ?? known, known)
        guard start != stored.runsFrom || (self == .back && deadline != known) else { return }
        try store.redate(stored, runsFrom: start, deadline: deadline, at: context.now)
    }

    private func start(of stored: StoredProject, at now: Timestamp) -> Timestamp {
        switch self {
        case .back: return min(stored.runsFrom, now)
        case .forwards(let gap): return start(of: stored, after: gap)
        case .start:
            let gap = now.milliseconds(since: stored.project.updatedAt)
            return gap > Self.tolerance ? start(of: stored, after: gap) : stored.runsFrom
        }
    }

    private func start(of stored: StoredProject, after gap: Int64) -> Timestamp {
        min(stored.project.createdAt, stored.runsFrom.adding(milliseconds: gap))
    }
}
