internal import Foundation
internal import HTTPTypes
internal import Hummingbird
internal import LifecycleClient

/// `/admin`: what is running, what is due, what was paid back today, and what happens. For the users who are named as
/// admins in the configuration.
struct AdminPage: Sendable {
    let configuration: Configuration
    let client: LifecycleClient
    let pages: PageRenderer
    let streams: LiveStreams
    let recent: RecentEvents
    let refunds: TodaysRefunds

    func addRoutes(to router: Router<AppContext>) {
        router.get("admin", use: show)
        router.get("admin/events", use: live)
    }

    private struct View {
        let head: PageHead
        let operations: OperationsView
    }

    @Sendable func show(_ request: Request, _ context: AppContext) async throws -> Response {
        let user = try admin(request, context)
        let feed = recent.position.map { "/admin/events?after=\($0)" } ?? "/admin/events"
        let view = View(
            head: PageHead(
                title: "Operations", userId: user.userId, isAdmin: true, isOperations: true, feed: feed),
            operations: try await OperationsView(client, recent, refunds, now: .now))
        return pages.page(view, "admin")
    }

    @Sendable func live(_ request: Request, _ context: AppContext) async throws -> Response {
        let user = try admin(request, context)
        let view = AdminLiveView(client: client, pages: pages, recent: recent, refunds: refunds)
        return try streams.response(request, to: user, eventsOf: nil, view: view)
    }

    private func admin(_ request: Request, _ context: AppContext) throws(Problem) -> SignedInUser {
        let user = try SignedInUser(request, context, configuration)
        guard user.isAdmin else {
            throw Problem(.forbidden, "notAdmin", "Only the app's operators may see this page.")
        }
        return user
    }
}

/// Renders the whole of the operator's page again: at most once a second, and now and then for what is no event
/// (progress, and deadlines that come near).
struct AdminLiveView: LiveView {
    let client: LifecycleClient
    let pages: PageRenderer
    let recent: RecentEvents
    let refunds: TodaysRefunds

    private var ticks = 0
    private var hasNews = false
    private static let quietTicks = 5

    init(client: LifecycleClient, pages: PageRenderer, recent: RecentEvents, refunds: TodaysRefunds) {
        self.client = client
        self.pages = pages
        self.recent = recent
        self.refunds = refunds
    }

    mutating func message(_ content: Mailbox.Content) async throws -> LiveMessage {
        hasNews = hasNews || content.seq != nil
        ticks += content.ticks
        guard content.ticks > 0, hasNews || ticks >= Self.quietTicks else { return LiveMessage() }
        (ticks, hasNews) = (0, false)
        let view = try await OperationsView(client, recent, refunds, now: .now)
        return LiveMessage(patches: [.init(target: "operations", html: pages.fragment(view, "operations"))])
    }
}

extension Timestamp {
    static var now: Timestamp { Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1000)) }
}
