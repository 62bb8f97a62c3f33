internal import LifecycleClient

extension LifecycleClient {
    /// The figures over all of a user's projects.
    func statistics(of userId: String) async throws -> Statistics {
        guard let stats = try await listProjects(userId: userId, limit: 1, includeStats: true).stats else {
            throw Problem.unavailable
        }
        return stats
    }
}

/// A user's credits and figures. The names are those of `summary.mustache`.
struct SummaryView {
    /// A part of the bar: of 1000 units.
    struct Segment {
        let name: String
        let tone: String
        let credits: String
        let start: Int
        let width: Int
    }

    let available: String
    let held: String
    let isHolding: Bool
    let hasVideos: Bool
    let videos: String
    let success: String
    let average: String
    let segments: [Segment]
    let chartText: String

    init(_ balance: Balance, _ stats: Statistics) {
        available = Words.number(balance.available)
        held = Words.number(balance.held)
        isHolding = balance.held > 0
        hasVideos = stats.total > 0
        videos = Words.number(stats.total)
        success = stats.successRate.map(Words.percent) ?? "–"
        average = stats.averageSeconds.map(Words.duration) ?? "–"
        var segments: [Segment] = []
        var start = 0
        let parts = [
            ("Spent", "completed", stats.creditsCaptured), ("Held", "processing", stats.creditsHeld),
            ("Returned", "failed", stats.creditsRefunded),
        ]
        for (index, (name, tone, credits)) in parts.enumerated() {
            let share = stats.creditsUsed > 0 ? Double(credits) / Double(stats.creditsUsed) : 0
            // The last takes what rounding left.
            let rest = 1000 - start
            let isLast = parts[(index + 1)...].allSatisfy { $0.2 == 0 }
            let width = credits == 0 ? 0 : isLast ? rest : min(rest, Int((share * 1000).rounded()))
            segments.append(
                Segment(name: name, tone: tone, credits: Words.number(credits), start: start, width: width))
            start += width
        }
        self.segments = segments
        chartText =
            "Of \(Words.credits(stats.creditsUsed)): "
            + segments.map { "\($0.credits) \($0.name.lowercased())" }.joined(separator: ", ")
    }
}
