internal import LifecycleClient

/// What the operator looks at. The names are those of `operations.mustache`.
struct OperationsView {
    struct Row {
        let title: String
        let userId: String
        let tone: String
        let statusWord: String
        let credits: String
        let progress: String
        let moment: Moment
        let reason: String

        init(_ project: Project, at moment: Timestamp?) {
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
        /// The end of its id, which tells it from others.
        let project: String?
        let detail: String

        init(_ event: Event) {
            moment = Moment(event.at)
            word = Words.event(event.kind)
            tone = event.kind.rawValue
            userId = event.userId
            project = event.projectId.map { String($0.description.suffix(12)) }
            detail = event.detail ?? ""
        }
    }

    let running: [Row]
    let runningCount: String
    let held: String
    let due: [Row]
    let dueCount: String
    let refunds: [Row]
    let refundCount: String
    let refunded: String
    let events: [EventRow]
}

extension OperationsView {
    /// Minutes before a deadline from which on a project stands under "due".
    static let dueMinutes: Int64 = 5
    private static let rows = 20

    /// Asks the daemon.
    /// - Parameter now: the time here, which is the daemon's: one machine.
    init(
        _ client: LifecycleClient, _ recent: RecentEvents, _ refunds: TodaysRefunds, now: Timestamp
    ) async throws {
        let unfinished = try await client.listProjects(
            status: [.pending, .processing], limit: Int64(Self.rows), includeStats: true)
        let soon = Timestamp(milliseconds: now.milliseconds + Self.dueMinutes * 60_000)
        let due = try await client.listProjects(limit: Int64(Self.rows), includeStats: true, dueBefore: soon)
        let today = try await refunds.list(now)

        running = unfinished.projects.map { Row($0, at: $0.deadline) }
        runningCount = Words.number(unfinished.stats?.total ?? 0)
        held = Words.number(unfinished.stats?.creditsHeld ?? 0)
        self.due = due.projects.map { Row($0, at: $0.deadline) }
        dueCount = Words.number(due.stats?.total ?? 0)
        self.refunds = today.newest.prefix(Self.rows).map { Row($0, at: $0.finishedAt) }
        let prefix = today.isWhole ? "" : "≥ "
        refundCount = prefix + Words.number(Int64(today.newest.count))
        refunded = prefix + Words.number(today.credits)
        events = recent.newest.map(EventRow.init)
    }
}
