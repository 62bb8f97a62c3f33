internal import LifecycleClient

/// Tells a user's open page what has changed: the cards of those projects, and the figures above them.
struct ProjectsLiveView: LiveView {
    let client: LifecycleClient
    let pages: PageRenderer
    let userId: String
    let csrf: String
    /// The page's filter.
    let status: Status?
    /// Only there do new projects appear.
    let isFirstPage: Bool

    /// What heartbeats said last: they are no events, and are asked for while there is somebody to send them.
    private var shown: [ProjectID: Shown] = [:]
    private var hasRunning = true
    private var retried: Set<ProjectID> = []

    private struct Shown: Equatable {
        let progress: Double?
        let message: String?
    }

    init(
        client: LifecycleClient, pages: PageRenderer, userId: String, csrf: String, status: Status?, isFirstPage: Bool
    ) {
        self.client = client
        self.pages = pages
        self.userId = userId
        self.csrf = csrf
        self.status = status
        self.isFirstPage = isFirstPage
    }

    mutating func message(_ content: Mailbox.Content) async throws -> LiveMessage {
        var message = LiveMessage()
        var spoken: [String] = []
        for projectId in content.changed {
            let project = try await client.getStatus(projectId)
            if let retryOf = project.retryOf, retried.insert(retryOf).inserted {
                // Its button to try again goes.
                message.patches.append(patch(try await client.getStatus(retryOf), isNew: false))
            }
            message.patches.append(patch(project, isNew: content.events[projectId] == .created))
            spoken += [CardView(project, csrf: csrf).announcement(content.events[projectId])].compactMap { $0 }
        }
        if !content.changed.isEmpty || content.balanceChanged {
            message.patches += try await figures()
        } else if content.ticks > 0, hasRunning {
            message.patches += try await progress()
        }
        message.say = spoken.isEmpty ? nil : spoken.joined(separator: " ")
        return message
    }

    private mutating func patch(_ project: Project, isNew: Bool) -> LiveMessage.Patch {
        shown[project.projectId] = Shown(progress: project.progress, message: project.message)
        let isListed = status == nil || status == project.status
        let card = CardView(project, csrf: csrf, retried: retried)
        return LiveMessage.Patch(
            target: card.elementId, html: isListed ? pages.fragment(card, "card") : "",
            list: isListed && isFirstPage && (isNew || status != nil) ? "list" : nil)
    }

    private struct Filters {
        let filters: [ProjectsView.Filter]
    }

    private mutating func figures() async throws -> [LiveMessage.Patch] {
        async let balance = client.getBalance(userId: userId)
        let stats = try await client.statistics(of: userId)
        hasRunning = stats.byStatus.processing > 0
        let summary = SummaryView(try await balance, stats)
        let filters = Filters(filters: ProjectsView.filters(stats, current: status))
        return [
            LiveMessage.Patch(target: "summary", html: pages.fragment(summary, "summary")),
            LiveMessage.Patch(target: "filters", html: pages.fragment(filters, "filters")),
        ]
    }

    private mutating func progress() async throws -> [LiveMessage.Patch] {
        let running = try await client.listProjects(
            userId: userId, status: [.processing], limit: ProjectsView.pageSize
        ).projects
        hasRunning = !running.isEmpty
        return running.filter { shown[$0.projectId] != Shown(progress: $0.progress, message: $0.message) }.map {
            patch($0, isNew: false)
        }
    }
}
