internal import LifecycleCore

extension ToyTransaction {
    func trimProjects(finishedBefore end: Timestamp, after row: Int64, at now: Timestamp) -> Retention.Step {
        Retention.Step(trimmed: 0, next: nil)
    }

    func dueProjects(ofUser userId: String?, at now: Timestamp, limit: Int) -> [StoredProject] {
        let due = state.unfinished.filter {
            isSame(userId ?? $0.project.userId, $0.project.userId) && $0.deadline <= now
        }
        return Array(due.prefix(limit))
    }

    func earliestDeadline() -> Timestamp? { state.unfinished.first?.deadline }
    func mayBeSetBack() -> Bool { state.isSetBack }

    func lookAtClock(at now: Timestamp) -> (agreement: ClockAgreement, change: ClockAgreement.Change) {
        var clock = state.clock ?? ClockAgreement(wall: now, uptime: sinceStart())
        let change = clock.look(wall: now, uptime: sinceStart())
        state.clock = clock
        return (clock, change)
    }

    func unfinishedProjects(below last: StoredProject?, limit: Int) -> [StoredProject] {
        let all = state.unfinished.reversed()
        guard let last else { return Array(all.prefix(limit)) }
        return Array(all.filter { ($0.deadline, $0.row) < (last.deadline, last.row) }.prefix(limit))
    }

    func setBack(_ known: StoredProject, deadline: Timestamp, runtimeEnd: Timestamp?, at now: Timestamp) {
        change(known, now) { stored in
            (stored.project.deadline, stored.project.pausedUntil) = (deadline, known.project.pausedUntil)
            stored.runtimeEnd = runtimeEnd ?? stored.runtimeEnd
        }
        state.isSetBack = state.isSetBack || runtimeEnd != nil
    }

    func putForward(milliseconds: Int64, limits: Limits) -> Bool {
        for stored in state.unfinished {
            guard let end = stored.runtimeEnd else { continue }
            let longest = stored.terms.runtimeEnd(from: stored.project.createdAt, limits)
            let isWhole = longest.adding(milliseconds: stored.pausedTime).milliseconds(since: end) <= milliseconds
            change(stored, nil) { $0.runtimeEnd = isWhole ? nil : end.adding(milliseconds: milliseconds) }
        }
        state.isSetBack = state.unfinished.contains { $0.runtimeEnd != nil }
        return state.isSetBack
    }
}

extension StoredProject {
    var deadline: Timestamp { project.deadline ?? Timestamp(milliseconds: .max) }
}
