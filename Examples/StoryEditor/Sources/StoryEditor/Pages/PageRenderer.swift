internal import HTTPTypes
internal import Hummingbird
internal import Mustache
internal import NIOCore

/// The templates, which are part of the binary.
struct PageRenderer: Sendable {
    private let library: MustacheLibrary

    private static let sources: [(name: String, text: [UInt8])] = [
        ("layout", PackageResources.layout_mustache), ("projects", PackageResources.projects_mustache),
        ("card", PackageResources.card_mustache), ("filters", PackageResources.filters_mustache),
        ("summary", PackageResources.summary_mustache),
        ("admin", PackageResources.admin_mustache), ("operations", PackageResources.operations_mustache),
        ("error", PackageResources.error_mustache),
    ]

    /// Throws when a template cannot be read, so that a broken one is seen at start.
    init() throws {
        MustacheContentTypes.register(PageText(), named: PageText.name)
        var library = MustacheLibrary()
        for (name, text) in Self.sources {
            try library.register(
                "{{% CONTENT_TYPE:\(PageText.name)}}" + String(decoding: text, as: UTF8.self), named: name)
        }
        self.library = library
    }

    /// A piece of a page.
    func fragment(_ view: Any, _ template: String) -> String { library.render(view, withTemplate: template) ?? "" }

    func page(_ view: Any, _ template: String, _ status: HTTPResponse.Status = .ok) -> Response {
        Response(
            status: status, headers: [.contentType: "text/html; charset=utf-8"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: fragment(view, template))))
    }

    /// - Parameter again: the order that can be sent once more.
    func errorPage(_ problem: Problem, again: OrderAgain? = nil) -> Response {
        let view = ErrorView(
            head: PageHead(title: problem.status.reasonPhrase, userId: nil, isAdmin: false),
            status: problem.status.code, heading: ErrorView.heading(problem.status), text: problem.detail,
            again: again)
        var response = page(view, "error", problem.status)
        for (name, value) in problem.headers { response.headers[name] = value }
        return response
    }
}

/// What all pages have. The names are those of `layout.mustache`.
struct PageHead {
    let title: String
    let userId: String?
    let isAdmin: Bool
    var isProjects = false
    var isOperations = false
    /// Where the page's changes come from.
    var feed: String?
}

/// An order that was sent and not taken, under the key that it keeps.
struct OrderAgain {
    let csrf: String
    let key: String
    let prompt: String
    let ratio: String?
}

struct ErrorView {
    let head: PageHead
    let status: Int
    let heading: String
    let text: String
    let again: OrderAgain?

    static func heading(_ status: HTTPResponse.Status) -> String {
        switch status {
        case .unauthorized: "You are not signed in"
        case .forbidden: "This is not for you"
        case .notFound: "There is nothing here"
        case .serviceUnavailable: "Just a moment"
        default: status.kind == .serverError ? "That did not work" : "That is not possible"
        }
    }
}

/// Escapes what stands in a page, scalar by scalar. Mustache's own escaping goes by characters, and to Swift a quote
/// that is followed by a combining mark is another character than a quote: it would end an attribute.
struct PageText: MustacheContentType {
    static let name = "PAGE"

    func escapeText(_ text: String) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            case "'": escaped += "&#39;"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }
}
