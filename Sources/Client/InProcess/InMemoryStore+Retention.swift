internal import HashTreeCollections
internal import LifecycleCore

extension InMemoryStore {
    mutating func trimProjects(finishedBefore end: Timestamp, after row: Int64, at now: Timestamp) -> Retention.Step {
        let newest = Int64(projects.count)
        let start = max(row, 0)
        let last = min(newest, start.addingReportingOverflow(Retention.window).partialValue)
        var step = Retention.Step(trimmed: 0, next: nil)
        var room = Retention.batch
        var next = start
        while next < last {
            guard room > 0 else {
                step.next = next
                return step
            }
            next += 1
            guard let stored = projects[next]?.stored else { continue }
            if stored.trimmedAt != nil {
                let removed = removeEvents(ofProject: next, before: end, limit: room)
                guard removed > 0 else { continue }
                room -= removed
                step.trimmed += 1
                // Perhaps not all of them.
                if room == 0 { next -= 1 }
            } else if let finishedAt = stored.project.finishedAt, finishedAt < end {
                trim(next, at: now)
                _ = removeEvents(ofProject: next, before: end, limit: .max)
                room -= 1
                step.trimmed += 1
            }
        }
        step.next = next < newest ? next : nil
        return step
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
    }
}
