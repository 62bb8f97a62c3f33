internal import LifecycleCore

/// What the doctor found.
struct Diagnosis {
    /// More unfinished projects than these are not looked at one by one.
    static let mostProjects = 10_000
    static let horizon: Int64 = 3600

    let socket: SocketFacts
    let account: Account
    var version = "unknown"
    var clock: ClockComparison?
    var stats: Statistics?
    /// Pending ones, the oldest first.
    var pending: [Project] = []
    /// Processing ones that have been silent for most of their lease, the next due first.
    var silent: [Project] = []
    /// Still processing though they were to be cancelled, and since when.
    var uncancelled: [(project: Project, since: Timestamp?)] = []
    /// What fails within the horizon if nobody reports, the next due first.
    var due: [Project] = []
    /// There are more unfinished ones than were looked at.
    var isPartial = false
    var figures: [Figures.Gauge] = []
    var audit: Audit.Response?
    /// The daemon's default, in seconds, for naming the clock that runs out.
    var maximumRuntime: Int64?
    /// What somebody should look at, a sentence each.
    var attention: [String] = []
    /// What this user may not do, and how that is mended.
    var missing: [String] = []

    /// Saturating.
    var creditsDue: Int64 {
        due.reduce(0) { sum, project in
            let (next, overflow) = sum.addingReportingOverflow(project.creditsUsed)
            return overflow ? .max : next
        }
    }

    /// Which clock ends it.
    func cause(_ project: Project) -> String {
        let runtime = maximumRuntime.map { project.createdAt.adding(seconds: $0) }
        if let runtime, let deadline = project.deadline, deadline >= runtime { return "runs too long" }
        return project.status == .pending ? "nobody started it" : "its pipeline is silent"
    }
}

/// The daemon's clock beside ours.
struct ClockComparison {
    let theirs: Timestamp
    /// When the question went out and the answer came in.
    let asked: Timestamp
    let answered: Timestamp

    /// Milliseconds that theirs is ahead, at least; 0 when it lies between ours.
    var difference: Int64 {
        if theirs < asked { return theirs.milliseconds - asked.milliseconds }
        return theirs > answered ? theirs.milliseconds - answered.milliseconds : 0
    }
}
