internal import HashTreeCollections
internal import LifecycleCore

/// The invariants of `audit.sql`, checked over all rows: what is kept against what the rows add up to.
extension InMemoryStore {
    func audit() -> AuditReport {
        var audit = LedgerAudit()
        for entry in entries.values { audit.add(entry) }
        for project in projects.values { audit.add(project) }
        for event in events.values { audit.add(event) }
        for row in 1..<Int64(accounts.count) + 1 {
            if let account = accounts[row] { audit.check(account) } else { audit.missing("account", row) }
        }
        for row in 1..<Int64(projects.count) + 1 {
            if let project = projects[row] { audit.check(project) } else { audit.missing("project", row) }
        }
        for row in 1..<Int64(entries.count) + 1 where entries[row] == nil { audit.missing("entry", row) }
        checkIndexes(&audit)
        return AuditReport(checked: Int64(accounts.count + projects.count + entries.count), findings: audit.findings)
    }

    /// What looks a project up finds it, and what is due will be found.
    private func checkIndexes(_ audit: inout LedgerAudit) {
        let due = deadlines.due(at: Timestamp(milliseconds: .max), limit: .max)
        if due.count != projects.values.count(where: { !$0.stored.project.status.isTerminal }) {
            audit.find("reference", "deadlines", "\(due.count) are not the unfinished projects")
        }
        for key in due where projects[key.row]?.stored.project.deadline != key.deadline {
            audit.find("reference", "deadlines", "project row \(key.row) is due at another time")
        }
        for (row, project) in projects {
            let (id, name) = (project.stored.project.projectId, project.stored.project.externalId)
            if projectsByID[id] != row || name.map({ projectsByExternalID[UTF8Key($0)] != row }) ?? false {
                audit.find("reference", "\(id)", "is not found by its id or externalId")
            }
        }
    }
}

/// What the rows add up to. Sums wrap: a wrong one is found all the same, and an audit must not stop the process.
private struct LedgerAudit {
    private struct Sums {
        var entered: Int64 = 0
        var granted: Int64 = 0
        /// Grants and adjustments.
        var given = 0
        var totals = Totals()
    }

    private var sums: [Int64: Sums] = [:]
    private var charges: [Int64: [InMemoryStore.EntryRow]] = [:]
    private var outcomes: [Int64: [InMemoryStore.EntryRow]] = [:]
    /// By project: when each kind of event was.
    private var history: [Int64: [Event.Kind: [Timestamp]]] = [:]
    /// By user: events of no project, which are grants and adjustments.
    private var told: [UTF8Key: Int] = [:]
    private(set) var findings: [AuditReport.Finding] = []

    mutating func find(_ check: String, _ subject: String, _ detail: String) {
        findings.append(AuditReport.Finding(check: check, subject: subject, detail: detail))
    }

    mutating func missing(_ table: String, _ row: Int64) {
        find("reference", "\(table) row \(row)", "is missing")
    }

    // MARK: Adding up

    mutating func add(_ row: InMemoryStore.EntryRow) {
        let credits = row.entry.credits
        switch row.entry.kind {
        case .grant, .adjustment:
            sums[row.account, default: Sums()].entered &+= credits
            sums[row.account, default: Sums()].granted &+= credits
            sums[row.account, default: Sums()].given += 1
        case .charge:
            sums[row.account, default: Sums()].entered &-= credits
            charges[row.project ?? 0, default: []].append(row)
        case .capture:
            outcomes[row.project ?? 0, default: []].append(row)
        case .refund:
            sums[row.account, default: Sums()].entered &+= credits
            outcomes[row.project ?? 0, default: []].append(row)
        }
    }

    mutating func add(_ row: InMemoryStore.ProjectRow) {
        let project = row.stored.project
        let one = Totals(of: project)
        var totals = sums[row.stored.account, default: Sums()].totals
        totals[project.status].count &+= 1
        totals[project.status].credits &+= project.creditsUsed
        totals.completedMilliseconds &+= one.completedMilliseconds
        sums[row.stored.account, default: Sums()].totals = totals
    }

    mutating func add(_ row: InMemoryStore.EventRow) {
        let event = row.event
        if let project = row.project {
            history[project, default: [:]][event.kind, default: []].append(event.at)
        } else {
            told[UTF8Key(event.userId), default: 0] += 1
        }
    }

    // MARK: Comparing

    mutating func check(_ account: InMemoryStore.AccountRow) {
        let sums = sums[account.row] ?? Sums()
        if account.available != sums.entered || account.granted != sums.granted {
            find(
                "balance", account.userId,
                "available \(account.available) of \(account.granted) granted, entries say \(sums.entered) of \(sums.granted)"
            )
        }
        if !account.isSound {
            find("conservation", account.userId, "granted \(account.granted) is not all accounted for")
        }
        if account.totals != sums.totals { find("totals", account.userId, "kept totals differ from the projects") }
        let told = told[UTF8Key(account.userId)] ?? 0
        if told != sums.given {
            find("history", account.userId, "of \(sums.given) grants and adjustments the history has \(told)")
        }
    }

    mutating func check(_ row: InMemoryStore.ProjectRow) {
        let project = row.stored.project
        let subject = project.projectId.description
        func agrees(_ entry: InMemoryStore.EntryRow) -> Bool {
            entry.account == row.stored.account && entry.entry.credits == project.creditsUsed
                && entry.entry.projectId == project.projectId
        }
        let charges = charges[row.stored.row] ?? []
        if charges.count != 1 || !charges.allSatisfy(agrees) || charges.first?.entry.entryId != row.charge {
            find("charge", subject, "no charge of \(project.creditsUsed)")
        }
        let outcomes = outcomes[row.stored.row] ?? []
        let expected: [Entry.Kind] =
            switch project.status {
            case .pending, .processing: []
            case .completed: [.capture]
            case .failed: [.refund]
            }
        if outcomes.map(\.entry.kind) != expected || !outcomes.allSatisfy(agrees)
            || outcomes.first?.entry.entryId != row.outcome
        {
            let kinds = outcomes.map(\.entry.kind.rawValue).joined(separator: ", ")
            find("outcome", subject, "status \(project.status.rawValue), outcome \(kinds.isEmpty ? "none" : kinds)")
        }
        if !agreesWithHistory(row) { find("history", subject, "no event for \(project.status.rawValue)") }
        if let deadline = project.deadline, deadline > row.stored.terms.latestDeadline(createdAt: project.createdAt) {
            find("terms", subject, "waits until \(deadline.milliseconds)")
        }
    }

    /// What a project's row says happened when its events say; or none, where retention removed them.
    private func agreesWithHistory(_ row: InMemoryStore.ProjectRow) -> Bool {
        let (stored, project) = (row.stored, row.stored.project)
        let history = history[stored.row] ?? [:]
        func times(_ kind: Event.Kind) -> [Timestamp] { history[kind] ?? [] }
        guard stored.trimmedAt == nil else { return times(.created).isEmpty }
        let finishedAt = [project.finishedAt].compactMap(\.self)
        let isNamedLater = project.externalId != nil && !stored.hadExternalID
        return times(.created) == [project.createdAt]
            && times(.processing) == [project.startedAt].compactMap(\.self)
            && times(.completed) == (project.status == .completed ? finishedAt : [])
            && times(.failed) == (project.status == .failed ? finishedAt : [])
            && times(.externalIdRecorded).count == (isNamedLater ? 1 : 0)
            && times(.cancelRequested).count == (project.cancelRequested ? 1 : 0)
            && times(.reportRefused).count == min(stored.refusedReports, UpdateStatus.keptRefusedReports)
    }
}
