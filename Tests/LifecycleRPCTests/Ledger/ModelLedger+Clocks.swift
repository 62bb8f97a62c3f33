internal import LifecycleCore

/// What the daemon's clocks do.
extension ModelLedger {
    /// The clock went back since the last event.
    var hasFuture: Bool { (events.last?.at ?? .min) > now }

    /// The daemon starts.
    mutating func restart() {
        resumedAt = now
        // The clock went back while nobody ran.
        if hasFuture { shortenDeadlines() }
        settle()
    }

    /// Somebody sets the clock while the daemon runs, which looks at it now.
    mutating func jump(milliseconds: Int64) {
        now += milliseconds
        guard abs(milliseconds) > 2000 else { return }
        resumedAt = now
        if milliseconds < 0 { shortenDeadlines() } else { lengthenRuntimes(by: milliseconds) }
    }

    /// Ends what is due, the longest due first; a lease lasts at least from when the daemon and its clock began to run.
    mutating func settle() {
        let due = projects.indices.filter { isDue($0) }
            .sorted { (projects[$0].deadline ?? 0, $0) < (projects[$1].deadline ?? 0, $1) }
        for index in due {
            let project = projects[index]
            let runtime = project.createdWith.maxRuntime ?? limits.maximumRuntime
            let start = project.createdWith.startTimeout ?? limits.startTimeout
            let code: String
            if project.status == .pending {
                code = runtime < start ? "runtimeExceeded" : "startTimeout"
            } else if now >= end(index) {
                code = "runtimeExceeded"
            } else {
                code = "leaseExpired"
            }
            let grace = deadline(index, lastReport: resumedAt)
            if code == "leaseExpired", let grace, grace > now {
                projects[index].updatedAt = now
                projects[index].deadline = grace
            } else {
                end(index, .failed, code: code, message: "*", byDaemon: true)
            }
        }
    }

    func isDue(_ index: Int) -> Bool { projects[index].deadline ?? .max <= now }

    private mutating func shortenDeadlines() {
        for index in projects.indices {
            let known = (end: end(index), deadline: projects[index].deadline, pause: projects[index].pausedUntil)
            projects[index].pausedUntil = known.pause.map { min($0, now + 1000 * projects[index].pauseLength) }
            let end = min(known.end, now + runtime(index))
            guard let before = known.deadline, let shortest = deadline(index, lastReport: now, end: end) else {
                continue
            }
            guard end < known.end || shortest < before || projects[index].pausedUntil != known.pause else { continue }
            projects[index].updatedAt = now
            projects[index].deadline = min(shortest, before)
            if end < known.end { projects[index].runtimeEnd = end }
        }
    }

    /// Those that the clock was set back for have so much more, up to their terms.
    private mutating func lengthenRuntimes(by milliseconds: Int64) {
        for index in projects.indices where projects[index].deadline != nil {
            guard let end = projects[index].runtimeEnd else { continue }
            let isBack = end + milliseconds >= projects[index].createdAt + runtime(index)
            projects[index].runtimeEnd = isBack ? nil : end + milliseconds
        }
    }

    private func runtime(_ index: Int) -> Int64 {
        1000 * (projects[index].createdWith.maxRuntime ?? limits.maximumRuntime) + projects[index].pausedTime
    }

    private func end(_ index: Int) -> Int64 {
        min(projects[index].createdAt + runtime(index), projects[index].runtimeEnd ?? .max)
    }

    /// - Parameter end: nil: when its runtime ends as it is known.
    func deadline(_ index: Int, lastReport: Int64, end: Int64? = nil) -> Int64? {
        let request = projects[index].createdWith
        let end = end ?? self.end(index)
        let start = min(projects[index].createdAt, lastReport)
        switch projects[index].status {
        case .pending: return min(end, start + 1000 * (request.startTimeout ?? limits.startTimeout))
        case .processing:
            let until = projects[index].pausedUntil ?? lastReport
            return min(end, max(until, lastReport) + 1000 * (request.lease ?? limits.lease))
        case .completed, .failed: return nil
        }
    }

    // MARK: New requests

    /// What the answer says.
    mutating func beat(_ beat: Heartbeat) throws(Refusal) -> Heartbeat.Response {
        if beat.projectId == nil, beat.externalId == nil { throw bad("projectId") }
        if let progress = beat.progress, progress < 0 || progress > 1 { throw bad("progress") }
        let index = try index(projectId: beat.projectId, externalId: beat.externalId)
        if let seconds = beat.pause, !projects[index].cancelRequested {
            try pause(index, seconds)
        } else {
            resume(index)
        }
        let isOpen = projects[index].status == .pending || projects[index].status == .processing
        if isOpen {
            projects[index].progress = beat.progress ?? projects[index].progress
            projects[index].message = beat.message ?? projects[index].message
            projects[index].updatedAt = now
            if projects[index].status == .processing { projects[index].deadline = deadline(index) }
        }
        var response = Heartbeat.Response.blank
        response.status = projects[index].status
        response.deadline = projects[index].deadline.map { Timestamp(milliseconds: $0) }
        response.cancelRequested = projects[index].cancelRequested
        response.pausedUntil = projects[index].pausedUntil.map { Timestamp(milliseconds: $0) }
        return response
    }

    /// What `changed` says, and which project it is about.
    mutating func cancel(_ request: CancelProject) throws(Refusal) -> (index: Int, changed: Bool) {
        let index = try index(projectId: request.projectId, externalId: nil)
        switch projects[index].status {
        case .pending: end(index, .failed, code: "cancelled", message: "*")
        case .processing where projects[index].pausedUntil != nil:
            end(index, .failed, code: "cancelled", message: "*")
        case .processing where !projects[index].cancelRequested:
            projects[index].cancelRequested = true
            projects[index].updatedAt = now
            note(.cancelRequested, index)
        case .completed: throw ended(index)
        case .processing, .failed: return (index, false)
        }
        return (index, true)
    }

    /// Whether the key replayed an earlier retry, and which project it made.
    mutating func retry(_ request: RetryProject) throws(Refusal) -> (index: Int, replayed: Bool) {
        let old = try index(projectId: request.projectId, externalId: nil)
        let user = projects[old].user
        switch use(user, request.idempotencyKey) {
        case .project(let index) where projects[index].retryOf == old: return (index, true)
        case .project(let index) where projects[index].retryOf != nil:
            throw Refusal(1005, ["differs": .list(["projectId"])])
        case .entry, .project: throw Refusal(1005, ["differs": .list(["method"])])
        case nil: break
        }
        guard projects[old].status == .failed else {
            let from = projects[old].status
            throw Refusal(
                1003, ["from": .text(from.rawValue), "to": .text("pending"), "allowed": .list(allowed(from: from))])
        }
        var again = projects[old].createdWith
        again.idempotencyKey = request.idempotencyKey
        again.externalId = nil
        return (try charge(again, retryOf: old), false)
    }

    func allowed(from status: Status) -> [String] {
        switch status {
        case .pending: ["processing", "completed", "failed"]
        case .processing: ["processing", "completed", "failed"]
        case .completed, .failed: [status.rawValue]
        }
    }
}
