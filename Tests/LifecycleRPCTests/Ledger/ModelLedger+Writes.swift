internal import LifecycleCore

extension ModelLedger {
    /// Whether the key replayed an earlier create, and which project it is about.
    mutating func create(_ request: CreateProject) throws(Refusal) -> (index: Int, replayed: Bool) {
        switch use(request.userId, request.idempotencyKey) {
        case .entry: throw Refusal(1005, ["differs": .list(["method"])])
        case .project(let index) where projects[index].retryOf != nil:
            throw Refusal(1005, ["differs": .list(["method"])])
        case .project(let index):
            let first = projects[index].createdWith
            var differs: [String] = []
            if first.credits != request.credits { differs.append("credits") }
            if !same(first.externalId, request.externalId) { differs.append("externalId") }
            if !same(first.name, request.name) { differs.append("name") }
            if first.metadata?.text != request.metadata?.text { differs.append("metadata") }
            if first.startTimeout != request.startTimeout { differs.append("startTimeout") }
            if first.lease != request.lease { differs.append("lease") }
            if first.maxRuntime != request.maxRuntime { differs.append("maxRuntime") }
            if !differs.isEmpty { throw Refusal(1005, ["differs": .list(differs)]) }
            return (index, true)
        case nil: return (try charge(request), false)
        }
    }

    /// - Parameter retryOf: the project that is done again, whose times need no check.
    mutating func charge(_ request: CreateProject, retryOf: Int? = nil) throws(Refusal) -> Int {
        if let it = request.startTimeout, it < 1 || it > limits.longestStartTimeout { throw bad("startTimeout") }
        if let it = request.lease, it < 1 || it > limits.longestLease { throw bad("lease") }
        if let it = request.maxRuntime, it < 1 || it > limits.longestRuntime { throw bad("maxRuntime") }
        if request.credits < 0 || request.credits > limits.maximumProjectCredits {
            throw outOfRange(0, limits.maximumProjectCredits)
        }
        if let it = request.externalId, projects.contains(where: { same($0.externalId, it) }) {
            throw Refusal(1005, ["differs": .list(["externalId"])])
        }
        let available = available(request.userId)
        if available < request.credits {
            throw Refusal(1002, ["available": .integer(available), "required": .integer(request.credits)])
        }
        meet(request.userId)
        let index = projects.count
        projects.append(
            Project(
                user: request.userId, credits: request.credits, externalId: request.externalId, createdWith: request,
                createdAt: now, updatedAt: now, retryOf: retryOf))
        projects[index].deadline = deadline(index)
        if let key = request.idempotencyKey { uses.append((request.userId, key, .project(index))) }
        write(.charge, index)
        note(.created, index)
        return index
    }

    /// What `changed` says, and which project it is about.
    mutating func update(_ report: UpdateStatus) throws(Refusal) -> (index: Int, changed: Bool) {
        if report.projectId == nil, report.externalId == nil { throw bad("projectId") }
        let saysWhy = report.errorMessage != nil || report.errorCode != nil
        if report.status != .failed, saysWhy { throw bad(report.errorMessage != nil ? "errorMessage" : "errorCode") }
        if let code = report.errorCode, ["startTimeout", "leaseExpired", "runtimeExceeded"].contains(code) {
            throw bad("errorCode")
        }

        let index = try index(projectId: report.projectId, externalId: report.externalId)
        let before = projects[index]
        if report.projectId != nil, let name = report.externalId, !same(before.externalId, name),
            before.externalId != nil || projects.contains(where: { same($0.externalId, name) })
        {
            throw Refusal(1005, ["differs": .list(["externalId"])])
        }
        let hasEnded = before.status == .completed || before.status == .failed
        if report.status == .pending {
            throw Refusal(
                1003,
                [
                    "from": .text(before.status.rawValue), "to": .text("pending"),
                    "allowed": .list(allowed(from: before.status)),
                ])
        }
        if hasEnded, before.status != report.status {
            let said = [report.status.rawValue] + [report.errorCode, report.errorMessage].compactMap(\.self)
            if before.refusedReports < 100 { note(.reportRefused, index, detail: said.joined(separator: ": ")) }
            projects[index].refusedReports += 1
            throw ended(index)
        }
        if let name = report.externalId, before.externalId == nil {
            projects[index].externalId = name
            projects[index].updatedAt = now
            note(.externalIdRecorded, index)
        }
        if hasEnded { return (index, false) }
        resume(index)

        projects[index].updatedAt = now
        if report.status == .processing || report.status == .completed, before.status == .pending {
            projects[index].startedAt = now
            note(.processing, index)
        }
        projects[index].status = report.status
        projects[index].deadline = deadline(index)
        if report.status == .processing { return (index, before.status == .pending) }
        end(index, report.status, code: report.errorCode ?? "pipelineFailed", message: report.errorMessage ?? "")
        return (index, true)
    }

    /// The entry, and whether the key replayed it.
    mutating func post(
        _ kind: LifecycleCore.Entry.Kind, _ user: String, _ credits: Int64, _ reason: String, _ key: String?
    ) throws(Refusal) -> (index: Int, replayed: Bool) {
        switch use(user, key) {
        case .entry(let index) where entries[index].kind == kind:
            var differs: [String] = []
            if entries[index].credits != credits { differs.append("credits") }
            if !same(entries[index].reason, reason) { differs.append("reason") }
            if !differs.isEmpty { throw Refusal(1005, ["differs": .list(differs)]) }
            return (index, true)
        case .entry, .project: throw Refusal(1005, ["differs": .list(["method"])])
        case nil: break
        }
        let most: Int64 = 9_007_199_254_740_991
        if kind == .grant, credits < 1 { throw outOfRange(1, most) }
        if available(user) + credits < 0 {
            throw Refusal(1002, ["available": .integer(available(user)), "required": .integer(-credits)])
        }
        let room = most - granted(user)
        if credits > room { throw outOfRange(kind == .grant ? min(1, room) : -most, room) }
        meet(user)
        entries.append(Entry(kind: kind, user: user, credits: credits, at: now, reason: reason))
        events.append(Event(kind: kind == .grant ? .granted : .adjusted, user: user, at: now))
        if let key { uses.append((user, key, .entry(entries.count - 1))) }
        return (entries.count - 1, false)
    }

    // MARK: Pieces

    mutating func end(_ index: Int, _ status: Status, code: String, message: String, byDaemon: Bool = false) {
        projects[index].status = status
        projects[index].updatedAt = now
        projects[index].finishedAt = now
        projects[index].deadline = nil
        projects[index].pausedUntil = nil
        if status == .failed {
            projects[index].errorCode = code
            projects[index].errorMessage = message.isEmpty ? "unspecified" : message
        }
        write(status == .failed ? .refund : .capture, index)
        note(status == .failed ? .failed : .completed, index, byDaemon: byDaemon)
    }

    /// For a report at this moment, or a creation.
    func deadline(_ index: Int) -> Int64? {
        deadline(index, lastReport: now)
    }

    mutating func write(_ kind: LifecycleCore.Entry.Kind, _ index: Int) {
        entries.append(
            Entry(kind: kind, user: projects[index].user, credits: projects[index].credits, at: now, project: index))
    }

    mutating func note(
        _ kind: LifecycleCore.Event.Kind, _ index: Int, byDaemon: Bool = false, detail: String? = nil
    ) {
        events.append(
            Event(
                kind: kind, user: projects[index].user, project: index, at: now, isByDaemon: byDaemon, detail: detail))
    }

    /// Another verdict stands.
    func ended(_ index: Int) -> Refusal {
        let project = projects[index]
        return Refusal(
            1004,
            [
                "status": .text(project.status.rawValue),
                "finishedAt": .text(Timestamp(milliseconds: project.finishedAt ?? -1).description),
                "creditsRefunded": .integer(project.status == .failed ? project.credits : 0),
            ])
    }

    func bad(_ param: String) -> Refusal { Refusal(-32602, ["param": .text(param)]) }

    private func outOfRange(_ minimum: Int64, _ maximum: Int64) -> Refusal {
        Refusal(1006, ["param": .text("credits"), "minimum": .integer(minimum), "maximum": .integer(maximum)])
    }
}
