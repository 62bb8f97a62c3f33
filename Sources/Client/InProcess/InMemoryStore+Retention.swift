internal import HashTreeCollections
internal import LifecycleCore

extension InMemoryStore {
    mutating func trimProjects(finishedBefore end: Timestamp, after row: Int64, at now: Timestamp) -> Retention.Step {
        let newest = Int64(projects.count)
        let last = min(newest, max(row, 0) + Retention.window)
        var trimmed = 0
        var next = max(row, 0)
        while next < last, trimmed < Retention.batch {
            next += 1
            guard let stored = projects[next]?.stored, let finishedAt = stored.project.finishedAt else { continue }
            if stored.trimmedAt != nil {
                if removeEvents(ofProject: next, before: end) { trimmed += 1 }
            } else if finishedAt < end {
                trim(next, at: now)
                trimmed += 1
            }
        }
        return .init(trimmed: trimmed, next: trimmed == Retention.batch || next < newest ? next : nil)
    }

    private mutating func trim(_ row: Int64, at now: Timestamp) {
        guard var project = projects[row] else { return }
        project.stored.trimmedAt = now
        project.stored.project.name = nil
        project.stored.project.metadata = nil
        project.stored.project.message = nil
        if project.stored.project.errorMessage != nil {
            project.stored.project.errorMessage = Retention.removedMessage
        }
        projects[row] = project
        removeEvents(ofProject: row)
    }

    /// Never the newest of all, as in the database.
    /// - Parameter end: nil: whenever they were.
    /// - Returns: whether there were any.
    @discardableResult
    private mutating func removeEvents(ofProject row: Int64, before end: Timestamp? = nil) -> Bool {
        var kept: [(seq: Int64, event: Event)] = []
        var isAnyRemoved = false
        var next = projects[row]?.newestEvent
        while let seq = next, let event = events[seq] {
            next = event.previous
            if seq != newestSeq, end.map({ event.event.at < $0 }) ?? true {
                events[seq] = nil
                isAnyRemoved = true
            } else {
                kept.append((seq, event.event))
            }
        }
        guard isAnyRemoved else { return false }
        var previous: Int64?
        for (seq, event) in kept.reversed() {
            events[seq] = EventRow(event, project: row, previous: previous)
            previous = seq
        }
        projects[row]?.newestEvent = previous
        return true
    }
}
