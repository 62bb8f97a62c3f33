internal import HTTPTypes
internal import Hummingbird
internal import LifecycleClient

/// `/projects`: what the signed-in user has ordered, and the forms to order, try again and cancel. Every form works
/// without JavaScript: it is answered with a redirect to the page, or with the page and what went wrong.
struct ProjectsPage: Sendable {
    let configuration: Configuration
    let client: LifecycleClient
    let studio: Studio
    let pages: PageRenderer
    let streams: LiveStreams
    let recent: RecentEvents

    func addRoutes(to router: Router<AppContext>) {
        router.get("projects", use: show)
        router.get("projects/events", use: live)
        router.post("projects", use: order)
        router.post("projects/:id/retry", use: retry)
        router.post("projects/:id/cancel", use: cancel)
    }

    /// What may be said of a form that was done, by the word in the address: nothing from outside is repeated on the
    /// page.
    private static let done = [
        "ordered": "Your video is ordered.", "retried": "It is being tried again.",
        "cancelled": "It is cancelled, and your credits are back.",
        "cancelling": "The pipeline is asked to stop. If it does, your credits come back.",
    ]

    @Sendable func show(_ request: Request, _ context: AppContext) async throws -> Response {
        let user = try SignedInUser(request, context, configuration)
        let word = request.uri.queryParameters["done"].map(String.init)
        let notice = word.flatMap { Self.done[$0] }.map { ProjectsView.Notice(text: $0, isError: false) }
        return try await page(request, user, notice: notice)
    }

    @Sendable func live(_ request: Request, _ context: AppContext) async throws -> Response {
        let user = try SignedInUser(request, context, configuration)
        let query = try ListQuery(request)
        let view = ProjectsLiveView(
            client: client, pages: pages, userId: user.userId, csrf: FormGuard.token(request).token,
            status: query.status, isFirstPage: query.cursor == nil)
        return try streams.response(request, to: user, eventsOf: user.userId, view: view)
    }

    // MARK: Forms

    private struct OrderForm: Decodable {
        var csrf: String?
        var key: String?
        var prompt: String?
        var ratio: String?
    }

    private struct ActionForm: Decodable {
        var csrf: String?
    }

    @Sendable func order(_ request: Request, _ context: AppContext) async throws -> Response {
        let user = try SignedInUser(request, context, configuration)
        let form = try await Self.form(OrderForm.self, request, context)
        try FormGuard.check(request, token: form.csrf)
        let again = OrderAgain(
            csrf: form.csrf ?? "",
            key: form.key.flatMap { (1...255).contains($0.utf8.count) ? $0 : nil } ?? Self.newKey,
            prompt: form.prompt ?? "", ratio: form.ratio)
        do {
            let settings = VideoOrder.Settings(prompt: again.prompt, aspectRatio: form.ratio)
            let order = try VideoOrder(templateName: "story", config: settings).validated()
            let project = try await studio.order(order, for: user.userId, key: again.key)
            return Self.redirect("ordered", project)
        } catch {
            return try await page(context, request, user, failure: error, order: again)
        }
    }

    @Sendable func retry(_ request: Request, _ context: AppContext) async throws -> Response {
        try await act(request, context, "retried") { projectId, user in
            // One key for one failed project: it is tried again once, however often the button is pressed.
            try await studio.retry(projectId, for: user.userId, key: "retry:\(projectId)")
        }
    }

    @Sendable func cancel(_ request: Request, _ context: AppContext) async throws -> Response {
        try await act(request, context, "cancelled") { projectId, user in
            try await studio.cancel(projectId, for: user.userId)
        }
    }

    private func act(
        _ request: Request, _ context: AppContext, _ word: String,
        _ action: (ProjectID, SignedInUser) async throws -> Project
    ) async throws -> Response {
        let user = try SignedInUser(request, context, configuration)
        let form = try await Self.form(ActionForm.self, request, context)
        try FormGuard.check(request, token: form.csrf)
        guard let projectId = context.parameters.get("id").flatMap({ ProjectID($0) }) else { throw Problem.notFound }
        do {
            return Self.redirect(word, try await action(projectId, user))
        } catch {
            return try await page(context, request, user, failure: error)
        }
    }

    private static func form<Form: Decodable>(
        _ type: Form.Type, _ request: Request, _ context: AppContext
    ) async throws -> Form {
        let text = String(buffer: try await RequestBytes.read(request, context))
        do {
            return try URLEncodedFormDecoder().decode(Form.self, from: text)
        } catch {
            throw Problem.unprocessable("The form cannot be read.")
        }
    }

    /// After a form the browser asks for the page, so that loading that again does not send the form again.
    private static func redirect(_ word: String, _ project: Project) -> Response {
        // Of an order that was cancelled meanwhile its card says more.
        let isOver = project.status == .failed && word != "cancelled"
        let isStopping = project.cancelRequested && !project.status.isTerminal
        let query = isOver ? "" : "?done=\(isStopping ? "cancelling" : word)"
        return Response(
            status: .seeOther, headers: [.location: "/projects\(query)#\(CardView.elementId(project.projectId))"])
    }

    /// Sent with an order, so that a double click is one order.
    private static var newKey: String { "form:\(RandomWord.make())" }

    // MARK: The page

    /// What went wrong stands on the page, with the visitor's text still in its field.
    private func page(
        _ context: AppContext, _ request: Request, _ user: SignedInUser, failure: any Error, order: OrderAgain? = nil
    ) async throws -> Response {
        let problem = Problem(failure)
        guard problem.status != .notFound else { throw problem }
        problem.log(failure, context.logger)
        if problem.status == .serviceUnavailable { return pages.errorPage(problem, again: order) }
        let notice = ProjectsView.Notice(text: problem.detail, isError: true)
        var response = try await page(request, user, notice: notice, order: order)
        response.status = problem.status
        return response
    }

    private func page(
        _ request: Request, _ user: SignedInUser, notice: ProjectsView.Notice?, order: OrderAgain? = nil
    ) async throws -> Response {
        let query = try ListQuery(request)
        let (csrf, cookie) = FormGuard.token(request)
        // Before anything is read: the live page tells what came after it, once more if it must.
        let position = recent.position
        async let figures = client.statistics(of: user.userId)
        async let balance = client.getBalance(userId: user.userId)
        let list = try await client.listProjects(
            userId: user.userId, status: query.status.map { [$0] }, limit: ProjectsView.pageSize, cursor: query.cursor)
        let stats = try await figures
        let retried = Set(list.projects.compactMap(\.retryOf))
        let empty = ProjectsView.empty(query.status)
        let view = ProjectsView(
            head: PageHead(
                title: "Your videos", userId: user.userId, isAdmin: user.isAdmin, isProjects: true,
                feed: Self.feed(query, position)),
            csrf: csrf, orderKey: Self.newKey, price: Words.credits(studio.price), prompt: order?.prompt ?? "",
            ratios: ProjectsView.ratios(chosen: order?.ratio), notice: notice,
            summary: SummaryView(try await balance, stats),
            filters: ProjectsView.filters(stats, current: query.status),
            cards: list.projects.map { CardView($0, csrf: csrf, retried: retried) }, emptyText: empty.text,
            emptyHint: empty.hint, olderHref: list.nextCursor.map { ProjectsView.href(query.status, cursor: $0) },
            isLaterPage: query.cursor != nil, firstHref: ProjectsView.href(query.status))
        var response = pages.page(view, "projects")
        if let cookie { response.setCookie(cookie) }
        return response
    }

    private static func feed(_ query: ListQuery, _ position: Int64?) -> String {
        var parts: [String] = []
        if let status = query.status { parts.append("status=\(status.rawValue)") }
        if let cursor = query.cursor { parts.append("cursor=\(cursor)") }
        if let position { parts.append("after=\(position)") }
        return "/projects/events" + (parts.isEmpty ? "" : "?" + parts.joined(separator: "&"))
    }
}
