internal import LifecycleCore

/// The diagnosis for people, on one page.
struct DoctorPage {
    /// Tables are cut after this number of rows, with a line that counts the rest.
    static let maximumRows = 20

    let diagnosis: Diagnosis
    let now: Timestamp
    let output: Output

    func show() {
        showFacts()
        showStuck()
        showDue()
        showAudit()
        output.heading("Result")
        if diagnosis.attention.isEmpty { output.line("No problems found.") }
        for sentence in diagnosis.attention { output.styled("! ", .bad, sentence) }
    }

    private func showFacts() {
        var facts: [(String, Table.Cell?)] = [
            ("daemon", Table.Cell("lifecycled \(diagnosis.version)", .good)),
            ("socket", Table.Cell("\(diagnosis.socket.path) (\(diagnosis.socket.description))")),
            ("you", Table.Cell(diagnosis.account.summary)),
            ("clock", diagnosis.clock.map { Table.Cell(Self.text($0)) }),
        ]
        facts += diagnosis.figures.map { figure in
            (figure.label, Table.Cell(figure.text, figure.attention == nil ? .plain : .bad))
        }
        if let stats = diagnosis.stats {
            let counts = stats.byStatus
            facts.append(
                (
                    "projects",
                    Table.Cell(
                        "\(stats.total): \(counts.pending) pending, \(counts.processing) processing, "
                            + "\(counts.completed) completed, \(counts.failed) failed")
                ))
            facts.append(
                (
                    "credits",
                    Table.Cell(
                        "\(stats.creditsUsed): \(stats.creditsHeld) held, \(stats.creditsCaptured) spent, "
                            + "\(stats.creditsRefunded) refunded")
                ))
        }
        output.table(Table(details: facts))
        guard !diagnosis.missing.isEmpty else { return }
        output.line("")
        output.line("Roles that you do not have, if the daemon uses the default groups:")
        for line in diagnosis.missing { output.line("    \(line)") }
    }

    private func showStuck() {
        list("Not started yet, oldest first", diagnosis.pending) { project in
            ("\(Duration.text(from: project.createdAt, to: now))", project.isNearlyOver(now) ? .bad : .plain)
        }
        list("No report for most of the lease", diagnosis.silent) { project in
            ("\(Duration.text(from: project.updatedAt, to: now))", .bad)
        }
        let since = Dictionary(
            diagnosis.uncancelled.map { ($0.project.projectId, $0.since) }, uniquingKeysWith: { first, _ in first })
        list("Asked to stop, still processing", diagnosis.uncancelled.map(\.project)) { project in
            ((since[project.projectId] ?? nil).map { Duration.text(from: $0, to: now) } ?? "", .waiting)
        }
    }

    private func list(_ title: String, _ projects: [Project], _ since: (Project) -> (String, Style)) {
        guard !projects.isEmpty else { return }
        output.heading("\(title): \(projects.count)")
        var table = Table(.left("PROJECT"), .right("FOR"), .right("CREDITS"), .left("USER"), .left("DEADLINE"))
        for project in projects.prefix(Self.maximumRows) {
            let (text, style) = since(project)
            table.append([
                .init(project.projectId.description), .init(text, style), .init(project.creditsUsed),
                .init(project.userId), .init(project.deadline?.short ?? ""),
            ])
        }
        output.table(table)
        more(projects.count)
    }

    private func showDue() {
        output.heading("Refunded within the hour unless a pipeline reports")
        guard !diagnosis.due.isEmpty else { return output.line("No projects.") }
        var table = Table(.left("AT"), .right("IN"), .right("CREDITS"), .left("USER"), .left("PROJECT"), .left("WHY"))
        for project in diagnosis.due.prefix(Self.maximumRows) {
            let deadline = project.deadline ?? now
            let left = deadline > now ? Duration.text(from: now, to: deadline) : "overdue"
            table.append([
                .init(deadline.short), .init(left, deadline > now ? .plain : .bad), .init(project.creditsUsed),
                .init(project.userId), .init(project.projectId.description), .init(diagnosis.cause(project)),
            ])
        }
        output.table(table)
        more(diagnosis.due.count)
        output.line(
            "\(Int64(diagnosis.due.count).counted("project")), \(diagnosis.creditsDue.credits)"
                + (diagnosis.isPartial ? "; there are more, which were not looked at" : ""))
    }

    private func more(_ count: Int) {
        if count > Self.maximumRows { output.line("… and \(count - Self.maximumRows) more") }
    }

    private func showAudit() {
        guard let audit = diagnosis.audit else { return }
        output.heading("Audit")
        guard !audit.ok else {
            return output.line("No faults: \(audit.checked) accounts, projects and entries checked.")
        }
        var table = Table(.left("CHECK"), .left("SUBJECT"), .left("DETAIL"))
        for finding in audit.findings.prefix(Self.maximumRows) {
            table.append([.init(finding.check, .bad), .init(finding.subject), .init(finding.detail)])
        }
        output.table(table)
        more(audit.findings.count)
    }

    private static func text(_ clock: ClockComparison) -> String {
        let difference = clock.differenceMilliseconds
        guard difference != 0 else { return "\(clock.daemonTime.short), the same as this command's clock" }
        let direction = difference < 0 ? "behind" : "ahead of"
        return "\(clock.daemonTime.short), \(difference.magnitude) ms \(direction) this command's clock"
    }
}

extension Account {
    /// `ada (uid 1000): reader, app; groups lifecycle, lifecycle-app`.
    var summary: String {
        let who = name.map { "\($0) (uid \(uid))" } ?? "uid \(uid)"
        if uid == 0 { return "\(who): admin" }
        let words = roles.map(\.rawValue).joined(separator: ", ")
        let names = groups.map(Self.name(ofGroup:)).joined(separator: ", ")
        return "\(who): \(words.isEmpty ? "no role" : words); groups \(names)"
    }
}
