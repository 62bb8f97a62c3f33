internal import LifecycleCore

extension ModelLedger {
    /// Newest first, from the project after `cursor` on.
    func list(_ request: ListProjects) throws(Refusal) -> (page: [Int], hasMore: Bool, all: [Int]) {
        let all = projects.indices.reversed().filter { index in
            let project = projects[index]
            return (request.userId == nil || same(project.user, request.userId))
                && (request.status == nil || request.status?.statuses.contains(project.status) == true)
                && (request.createdAfter == nil || project.createdAt >= request.createdAfter?.milliseconds ?? 0)
                && (request.createdBefore == nil || project.createdAt < request.createdBefore?.milliseconds ?? 0)
                && (request.dueBefore == nil || project.deadline ?? .max < request.dueBefore?.milliseconds ?? 0)
        }
        var from = projects.count
        if let cursor = request.cursor {
            guard let index = projects.firstIndex(where: { $0.id == cursor }) else {
                throw Refusal(-32602, ["param": .text("cursor")])
            }
            from = index
        }
        let rest = all.filter { $0 < from }
        let limit = Int(request.limit ?? 50)
        return (Array(rest.prefix(limit)), rest.count > limit, all)
    }

    func statistics(_ all: [Int]) -> Statistics {
        var result = Statistics.blank
        var time: Int64 = 0
        for index in all {
            let project = projects[index]
            result.total += 1
            result.creditsUsed += project.credits
            switch project.status {
            case .pending:
                result.byStatus.pending += 1
                result.creditsHeld += project.credits
            case .processing:
                result.byStatus.processing += 1
                result.creditsHeld += project.credits
            case .completed:
                result.byStatus.completed += 1
                result.creditsCaptured += project.credits
                // The clock may have gone back meanwhile.
                time += max((project.finishedAt ?? 0) - project.createdAt, 0)
            case .failed:
                result.byStatus.failed += 1
                result.creditsRefunded += project.credits
            }
        }
        let (completed, failed) = (result.byStatus.completed, result.byStatus.failed)
        if completed + failed > 0 { result.successRate = Double(completed) / Double(completed + failed) }
        if completed > 0 { result.averageSeconds = Double(time) / Double(completed) / 1000 }
        return result
    }

    /// Newest first.
    func entries(of user: String) -> [Int] { entries.indices.reversed().filter { same(entries[$0].user, user) } }

    func shownEntry(_ index: Int) -> LifecycleCore.Entry {
        let entry = entries[index]
        return LifecycleCore.Entry(
            entryId: 0, kind: entry.kind, credits: entry.credits, at: Timestamp(milliseconds: entry.at),
            projectId: entry.project.flatMap { projects[$0].id }, reason: entry.reason)
    }

    func shownEvent(_ index: Int, daemon: Caller) -> LifecycleCore.Event {
        let event = events[index]
        let caller = event.isByDaemon ? daemon : .tester
        return LifecycleCore.Event(
            seq: 0, kind: event.kind, at: Timestamp(milliseconds: event.at), userId: event.user,
            projectId: event.project.flatMap { projects[$0].id }, uid: Int64(caller.uid), gid: Int64(caller.gid),
            pid: Int64(caller.pid), detail: event.detail)
    }
}
