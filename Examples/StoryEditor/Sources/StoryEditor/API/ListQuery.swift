internal import Hummingbird
internal import LifecycleClient

/// What a list is asked for: `status`, `limit`, `cursor`.
struct ListQuery {
    private let request: Request
    let status: Status?
    let limit: Int64?
    let cursor: ProjectID?

    init(_ request: Request) throws(Problem) {
        self.request = request
        let query = request.uri.queryParameters
        status = try Self.value(query["status"], "status must be pending, processing, completed or failed.") {
            Status(rawValue: $0)
        }
        limit = try Self.value(query["limit"], "limit must be from 1 to 500.") { text in
            Int64(text).flatMap { (1...500).contains($0) ? $0 : nil }
        }
        cursor = try Self.value(query["cursor"], "cursor must be a page's nextCursor.") { ProjectID($0) }
    }

    func flag(_ name: String) throws(Problem) -> Bool {
        try Self.value(request.uri.queryParameters[Substring(name)], "\(name) must be true or false.") { Bool($0) }
            ?? false
    }

    /// An empty value is as good as none: a form sends it.
    private static func value<Value>(
        _ text: Substring?, _ complaint: String, _ read: (String) -> Value?
    ) throws(Problem) -> Value? {
        guard let text, !text.isEmpty else { return nil }
        guard let value = read(String(text)) else { throw .unprocessable(complaint) }
        return value
    }
}
