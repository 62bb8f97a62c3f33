internal import LifecycleClient

/// The page of a user's videos. The names are those of `projects.mustache`.
struct ProjectsView {
    struct Filter {
        let label: String
        let href: String
        let count: String
        let isCurrent: Bool
    }

    struct Choice {
        let value: String
        let label: String
        let isChosen: Bool
    }

    struct Notice {
        let text: String
        let isError: Bool
    }

    let head: PageHead
    let csrf: String
    let orderKey: String
    let price: String
    let prompt: String
    let ratios: [Choice]
    let notice: Notice?
    let summary: SummaryView
    let filters: [Filter]
    let cards: [CardView]
    let emptyText: String
    let emptyHint: String
    let olderHref: String?
    let isLaterPage: Bool
    let firstHref: String

    static let pageSize: Int64 = 20

    static func href(_ status: Status?, cursor: ProjectID? = nil) -> String {
        let parts = [status.map { "status=\($0.rawValue)" }, cursor.map { "cursor=\($0)" }].compactMap { $0 }
        return parts.isEmpty ? "/projects" : "/projects?" + parts.joined(separator: "&")
    }

    static func filters(_ stats: Statistics, current: Status?) -> [Filter] {
        let counts: [(String, Status?, Int64)] = [
            ("All", nil, stats.total), ("Starting", .pending, stats.byStatus.pending),
            ("In progress", .processing, stats.byStatus.processing),
            ("Completed", .completed, stats.byStatus.completed), ("Failed", .failed, stats.byStatus.failed),
        ]
        return counts.map { label, status, count in
            Filter(label: label, href: href(status), count: Words.number(count), isCurrent: status == current)
        }
    }

    static func empty(_ current: Status?) -> (text: String, hint: String) {
        guard let current else { return ("No videos yet", "Describe your first one above.") }
        return ("No videos here", "None of your videos is “\(Words.status(current).lowercased())” right now.")
    }

    static func ratios(chosen: String?) -> [Choice] {
        let labels = ["16:9": "Wide 16:9", "9:16": "Tall 9:16", "1:1": "Square 1:1", "4:3": "Classic 4:3"]
        return VideoOrder.aspectRatios.map {
            Choice(value: $0, label: labels[$0] ?? $0, isChosen: $0 == (chosen ?? "16:9"))
        }
    }
}
