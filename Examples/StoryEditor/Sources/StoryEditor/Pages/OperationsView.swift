internal import LifecycleClient

/// What the operator looks at. The names are those of `operations.mustache`.
struct OperationsView {
    struct Row {
        let projectId: String
        let title: String
        let userId: String
        let tone: String
        let statusWord: String
        let credits: String
        let progress: String
        let moment: Moment
        let reason: String

        init(_ project: Project, at moment: Timestamp?) {
            projectId = project.projectId.description
            title = project.name ?? "Untitled video"
            userId = project.userId
            tone = project.status.rawValue
            statusWord =
                project.cancelRequested && !project.status.isTerminal ? "Cancelling" : Words.status(project.status)
            credits = Words.number(project.creditsUsed)
            progress = project.progress.map(Words.percent) ?? "–"
            self.moment = Moment(moment ?? project.updatedAt)
            reason = project.status == .failed ? Words.reason(project) : ""
        }
    }

    struct EventRow {
        let moment: Moment
        let word: String
        let tone: String
        let userId: String
        let project: String
        let hasProject: Bool
        let detail: String
        let caller: String

        init(_ event: Event) {
            moment = Moment(event.at)
            word = Words.event(event.kind)
            tone = event.kind.rawValue
            userId = event.userId
            project = event.projectId.map { String($0.description.suffix(12)) } ?? ""
            hasProject = event.projectId != nil
            detail = event.detail ?? ""
            caller = "uid \(event.uid), pid \(event.pid)"
        }
    }

    let running: [Row]
    let hasRunning: Bool
    let runningCount: String
    let held: String
    let due: [Row]
    let hasDue: Bool
    let dueCount: String
    let refunds: [Row]
    let hasRefunds: Bool
    let refundCount: String
    let refunded: String
    let events: [EventRow]
    let hasEvents: Bool
}

extension OperationsView {
    /// Minutes before a deadline from which on a project stands under "due".
    static let dueMinutes: Int64 = 5
    private static let rows = 20
    private static let day: Int64 = 86_400_000
    /// A project may run for this long before it fails, by the daemon's widest setting of a default.
    private static let longestRun = 7 * day
    private static let mostPages = 10

    /// Asks the daemon.
    /// - Parameter now: the time here, which is the daemon's: one machine.
    init(_ client: LifecycleClient, _ recent: RecentEvents, now: Timestamp) async throws(ClientError) {
        let unfinished = try await client.listProjects(
            status: [.pending, .processing], limit: Int64(Self.rows), includeStats: true)
        let soon = Timestamp(milliseconds: now.milliseconds + Self.dueMinutes * 60_000)
        let due = try await client.listProjects(limit: Int64(Self.rows), includeStats: true, dueBefore: soon)
        let midnight = Timestamp(milliseconds: now.milliseconds - now.milliseconds % Self.day)
        let (failed, isWhole) = try await Self.failed(client, since: midnight)

        running = unfinished.projects.map { Row($0, at: $0.deadline) }
        hasRunning = !running.isEmpty
        runningCount = Words.number(unfinished.stats?.total ?? 0)
        held = Words.number(unfinished.stats?.creditsHeld ?? 0)
        self.due = due.projects.map { Row($0, at: $0.deadline) }
        hasDue = !due.projects.isEmpty
        dueCount = Words.number(due.stats?.total ?? 0)
        refunds = failed.prefix(Self.rows).map { Row($0, at: $0.finishedAt) }
        hasRefunds = !failed.isEmpty
        let prefix = isWhole ? "" : "≥ "
        refundCount = prefix + Words.number(Int64(failed.count))
        refunded = prefix + Words.number(failed.reduce(0) { $0.addingSaturated($1.creditsRefunded) })
        events = recent.newest.map(EventRow.init)
        hasEvents = !events.isEmpty
    }

    /// Those that failed since then, last ones first. The list goes by creation: those that may have run until then are
    /// looked through.
    private static func failed(
        _ client: LifecycleClient, since time: Timestamp
    ) async throws(ClientError) -> (projects: [Project], isWhole: Bool) {
        var found: [Project] = []
        var cursor: ProjectID?
        for _ in 0..<mostPages {
            let page = try await client.listProjects(
                status: [.failed], createdAfter: Timestamp(milliseconds: time.milliseconds - longestRun), limit: 500,
                cursor: cursor)
            found += page.projects.filter { $0.finishedAt.map { $0 >= time } ?? false }
            cursor = page.nextCursor
            if cursor == nil { break }
        }
        found.sort { ($0.finishedAt ?? $0.updatedAt) > ($1.finishedAt ?? $1.updatedAt) }
        return (found, cursor == nil)
    }
}

extension Int64 {
    fileprivate func addingSaturated(_ other: Int64) -> Int64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? .max : sum
    }
}
