internal import LifecycleCore

/// Asks the daemon for everything that `doctor` shows, and decides what needs attention.
struct Examination {
    let session: Session
    var diagnosis: Diagnosis

    init(_ session: Session, socketPath: String) {
        self.session = session
        diagnosis = Diagnosis(socket: SocketFacts(socketPath), account: Account())
    }

    mutating func run(withAudit: Bool) async throws(Failure) {
        let document = try await session.call(Discover()).value
        diagnosis.version = document.version
        let limits = (try? JSONDocument(parsing: document.document).root)?["x-limits"]
        diagnosis.maximumRuntimeSeconds = limits?["maxRuntime"]?.integer
        examineRoles()
        let now = try await examineDaemon()
        try await examineProjects(now)
        if withAudit { try await audit() }
    }

    private mutating func examineRoles() {
        let missing = Role.allCases.filter { !diagnosis.account.roles.contains($0) }
        guard !missing.isEmpty, diagnosis.account.uid != 0 else { return }
        diagnosis.missing = missing.flatMap { role in
            ["\(role.rawValue): sudo usermod -aG \(RoleGroups()[role]) \(diagnosis.account.name ?? "USER")"]
        }
    }

    /// - Returns: the daemon's time.
    private mutating func examineDaemon() async throws(Failure) -> Timestamp {
        let asked = Timestamp.now
        let metrics = try await session.call(GetMetrics()).value
        let answered = Timestamp.now
        let now = metrics.time ?? answered
        if let time = metrics.time {
            let clock = ClockComparison(daemonTime: time, asked: asked, answered: answered)
            diagnosis.clock = clock
            if clock.differenceMilliseconds.magnitude >= 1000 {
                let seconds = Double(clock.differenceMilliseconds) / 1000
                let direction = seconds < 0 ? "behind" : "ahead of"
                diagnosis.attention.append(
                    "The daemon's clock is \(Duration.text(seconds)) \(direction) this command's clock.")
            }
        }
        diagnosis.figures = Figures.gauges(metrics, now: now)
        diagnosis.attention += diagnosis.figures.compactMap(\.attention) + Figures.errors(metrics)
        return now
    }

    private mutating func examineProjects(_ now: Timestamp) async throws(Failure) {
        let unfinished = try await unfinishedProjects()
        func isSooner(_ a: Project, _ b: Project) -> Bool {
            (a.deadline ?? now, a.createdAt) < (b.deadline ?? now, b.createdAt)
        }

        diagnosis.pending = unfinished.filter { $0.status == .pending }.sorted { $0.createdAt < $1.createdAt }
        diagnosis.silent = unfinished.filter { $0.status == .processing && $0.isNearlyOver(now) }.sorted(by: isSooner)
        try await examineDue(now, isSooner)
        for project in unfinished where project.status == .processing && project.cancelRequested {
            let isShown = diagnosis.uncancelled.count < DoctorPage.maximumRows
            let since = isShown ? try await cancelTime(of: project) : nil
            diagnosis.uncancelled.append((project, since))
        }
        judge(now)
    }

    /// A separate request, because the list of unfinished projects may be cut before the ones that are due.
    private mutating func examineDue(
        _ now: Timestamp, _ isSooner: (Project, Project) -> Bool
    ) async throws(Failure) {
        var request = ListProjects()
        request.dueBefore = now.adding(seconds: Diagnosis.horizonSeconds)
        diagnosis.due = try await all(request).sorted(by: isSooner)
    }

    private mutating func unfinishedProjects() async throws(Failure) -> [Project] {
        var request = ListProjects()
        request.includeStats = true
        request.limit = 1
        diagnosis.stats = try await session.call(request).value.stats
        request = ListProjects()
        request.status = StatusFilter([.pending, .processing])
        return try await all(request)
    }

    private mutating func all(_ request: ListProjects) async throws(Failure) -> [Project] {
        var request = request
        request.limit = 500
        var projects: [Project] = []
        while true {
            let page = try await session.call(request).value
            projects += page.projects
            guard let cursor = page.nextCursor else { return projects }
            if projects.count >= Diagnosis.maximumProjects {
                diagnosis.isPartial = true
                return projects
            }
            request.cursor = cursor
        }
    }

    private func cancelTime(of project: Project) async throws(Failure) -> Timestamp? {
        let events = try await session.call(ExplainProject(projectId: project.projectId)).value.events
        return events.first { $0.kind == .cancelRequested }?.at
    }

    private mutating func audit() async throws(Failure) {
        let audit = try await session.call(Audit()).value
        diagnosis.audit = audit
        if !audit.ok { diagnosis.attention.append("The audit found \(Int64(audit.findings.count).counted("fault")).") }
    }

    private mutating func judge(_ now: Timestamp) {
        func note(_ count: Int, _ sentence: String) {
            if count > 0 { diagnosis.attention.append("\(Int64(count).counted("project")) \(sentence)") }
        }
        // The daemon fails a project at its deadline. A few seconds later something is wrong.
        note(diagnosis.due.count { $0.deadline ?? now < now.adding(seconds: -5) }, "overdue by more than 5 seconds.")
        note(diagnosis.silent.count, "processing without a report for most of the lease.")
        note(diagnosis.pending.count { $0.isNearlyOver(now) }, "not started for most of the start timeout.")
        note(
            diagnosis.uncancelled.count { $0.since ?? now < now.adding(seconds: -60) },
            "still processing, more than a minute after the request to stop.")
    }
}

extension Project {
    /// More than 80 % of the time from the last report, or from the end of its pause, to the deadline have passed.
    func isNearlyOver(_ now: Timestamp) -> Bool {
        guard let deadline else { return false }
        let start = max(updatedAt, pausedUntil ?? updatedAt)
        let allowed = Double(deadline.milliseconds) - Double(start.milliseconds)
        return Double(deadline.milliseconds) - Double(now.milliseconds) < allowed / 5
    }
}

extension Account {
    /// By the default names of the groups. The daemon may use other groups.
    var roles: [Role] {
        if uid == 0 { return Role.allCases }
        let names = groups.map(Self.name(ofGroup:))
        return Role.allCases.filter { names.contains(RoleGroups()[$0]) }
    }
}
