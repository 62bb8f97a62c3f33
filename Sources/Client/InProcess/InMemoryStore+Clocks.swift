internal import HashTreeCollections
internal import LifecycleCore

/// What a clock that is set changes, and what is known of the clock.
extension InMemoryStore {
    /// The latest deadlines first.
    func unfinished(setBack: Bool, below last: StoredProject?, limit: Int) -> [StoredProject] {
        let all = deadlines.due(at: Timestamp(milliseconds: .max), limit: .max).reversed()
        let bound = last.flatMap { last in
            last.project.deadline.map { DeadlineIndex.Key(deadline: $0, row: last.row) }
        }
        let rows = all.lazy.filter { key in bound.map { key < $0 } ?? true }
        let projects = rows.compactMap { projects[$0.row]?.stored }.filter { !setBack || $0.setBackTo != nil }
        return Array(projects.prefix(limit))
    }

    mutating func redate(
        _ row: Int64, runsFrom start: Timestamp, deadline: Timestamp, at now: Timestamp
    ) throws(RPCError) {
        try changeProject(row) { project throws(RPCError) in
            guard !project.status.isTerminal else { throw .brokenRule }
            project.updatedAt = now
            project.deadline = deadline
        }
        let createdAt = projects[row]?.stored.project.createdAt
        projects[row]?.stored.setBackTo = createdAt.map { start < $0 } ?? false ? start : nil
    }
}
