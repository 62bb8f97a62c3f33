internal import HTTPTypes
internal import Hummingbird
internal import LifecycleClient

/// Turns every error into an answer: a problem for programs, a page for people. Says in the log what is our own fault.
struct ErrorMiddleware: RouterMiddleware {
    typealias Context = AppContext

    let pages: PageRenderer

    func handle(
        _ request: Request, context: AppContext, next: (Request, AppContext) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch {
            let problem = Problem(error)
            problem.log(error, context.logger)
            let isForPeople = !request.uri.path.hasPrefix("/api/") && !request.uri.path.hasPrefix("/healthz")
            var response = isForPeople ? pages.errorPage(problem) : problem.response
            // What is left of a body that was not read would be taken for the next request, or read for nothing.
            if request.method == .post { response.headers[.connection] = "close" }
            return response
        }
    }
}
