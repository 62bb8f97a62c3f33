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
            guard let stored = projects[next]?.stored, stored.trimmedAt == nil,
                let finishedAt = stored.project.finishedAt, finishedAt < end
            else { continue }
            trim(next, at: now)
            trimmed += 1
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
        var next = project.newestEvent
        project.newestEvent = nil
        while let seq = next, let event = events[seq] {
            next = event.previous
            // Never the newest of all, as in the database.
            if seq == newestSeq { project.newestEvent = seq } else { events[seq] = nil }
        }
        projects[row] = project
    }
}
