internal import LifecycleClient

/// What failed and was paid back since midnight, UTC. One answer serves all operators' pages for some seconds: to find
/// it, the list of all that has failed lately is read.
actor TodaysRefunds {
    struct List: Sendable {
        let newest: [Project]
        let credits: Int64
        /// false: there may be more.
        let isWhole: Bool
    }

    private let client: LifecycleClient
    private var last: (asked: ContinuousClock.Instant, list: Task<List, any Error>)?

    private static let day: Int64 = 86_400_000
    private static let secondsKept: Int64 = 5
    /// The list goes by creation: those that have run for longer before they failed are left out.
    private static let longestRun = 7 * day
    private static let mostPages = 10

    init(_ client: LifecycleClient) { self.client = client }

    func list(_ now: Timestamp) async throws -> List {
        if let last, .now - last.asked < .seconds(Self.secondsKept) { return try await last.list.value }
        let list = Task { [client] in try await Self.ask(client, since: now.milliseconds - now.milliseconds % Self.day)
        }
        last = (.now, list)
        return try await list.value
    }

    private static func ask(_ client: LifecycleClient, since midnight: Int64) async throws -> List {
        var found: [Project] = []
        var cursor: ProjectID?
        for _ in 0..<mostPages {
            let page = try await client.listProjects(
                status: [.failed], createdAfter: Timestamp(milliseconds: midnight - longestRun), limit: 500,
                cursor: cursor)
            found += page.projects.filter { ($0.finishedAt ?? $0.updatedAt).milliseconds >= midnight }
            cursor = page.nextCursor
            if cursor == nil { break }
        }
        found.sort { ($0.finishedAt ?? $0.updatedAt) > ($1.finishedAt ?? $1.updatedAt) }
        return List(
            newest: found, credits: found.reduce(0) { $0.addingSaturated($1.creditsRefunded) }, isWhole: cursor == nil)
    }
}

extension Int64 {
    fileprivate func addingSaturated(_ other: Int64) -> Int64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? .max : sum
    }
}
