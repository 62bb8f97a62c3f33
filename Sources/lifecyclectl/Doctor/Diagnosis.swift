internal import LifecycleCore

/// What `lifecyclectl doctor` found.
struct Diagnosis {
    /// Unfinished projects after this number are not fetched.
    static let maximumProjects = 10_000
    /// Projects with a deadline within this time are shown as due soon.
    static let horizonSeconds: Int64 = 3600

    let socket: SocketFacts
    let account: Account
    var version = "unknown"
    var clock: ClockComparison?
    var stats: Statistics?
    /// Pending projects, the oldest first.
    var pending: [Project] = []
    /// Processing projects without a report for most of their lease, the earliest deadline first.
    var silent: [Project] = []
    /// Projects that are processing after a request to cancel, and the time of that request.
    var uncancelled: [(project: Project, since: Timestamp?)] = []
    /// Projects that fail within the horizon unless somebody reports, the earliest deadline first.
    var due: [Project] = []
    /// There are more unfinished projects than were fetched.
    var isPartial = false
    var figures: [Figures.Gauge] = []
    var audit: Audit.Response?
    /// The daemon's default, to tell which of a project's clocks runs out.
    var maximumRuntimeSeconds: Int64?
    /// What an admin should look at, one sentence each.
    var attention: [String] = []
    /// The roles that this user does not have, each with the command that gives it.
    var missing: [String] = []

    /// At most `Int64.max`, whatever the daemon answers.
    var creditsDue: Int64 {
        due.reduce(0) { sum, project in
            let (next, overflow) = sum.addingReportingOverflow(project.creditsUsed)
            return overflow ? .max : next
        }
    }

    /// Why the project fails at its deadline.
    func cause(_ project: Project) -> String {
        let runtimeEnd = maximumRuntimeSeconds.map { project.createdAt.adding(seconds: $0) }
        if let runtimeEnd, let deadline = project.deadline, deadline >= runtimeEnd { return "runs too long" }
        return project.status == .pending ? "not started" : "no report from its pipeline"
    }
}

/// The daemon's clock, compared with the clock of this process.
struct ClockComparison {
    let daemonTime: Timestamp
    /// This process's time before the request and after the reply.
    let asked: Timestamp
    let answered: Timestamp

    /// How far the daemon is ahead, at least. 0 if its time lies between the two times of this process.
    var differenceMilliseconds: Int64 {
        if daemonTime < asked { return daemonTime.milliseconds - asked.milliseconds }
        return daemonTime > answered ? daemonTime.milliseconds - answered.milliseconds : 0
    }
}
