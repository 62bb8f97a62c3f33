internal import HashTreeCollections
internal import LifecycleCore

/// Lists and their figures.
extension InMemoryStore {
    /// Newest first, from the one after `cursor` on.
    func page(_ filter: ProjectFilter, after cursor: ProjectID?, limit: Int) -> [Project] {
        var walk = matching(filter)
        if let cursor {
            guard let row = projectsByID[cursor] else { return [] }
            walk.skip(to: row)
        }
        var page: [Project] = []
        while page.count < limit, let project = walk.next() { page.append(project.stored.project) }
        return page
    }

    /// Kept per user, so that no project is touched, unless the filter asks for a stretch of time.
    func totals(_ filter: ProjectFilter) -> Totals {
        var totals = Totals()
        if filter.createdAfter == nil, filter.createdBefore == nil, filter.dueBefore == nil {
            let asked =
                if let userId = filter.userId { account(of: userId).map { [$0] } ?? [] } else { Array(accounts.values) }
            for account in asked { totals.add(account.totals, filter) }
        } else {
            var walk = matching(filter)
            while let project = walk.next() { totals.add(Totals(of: project.stored.project), filter) }
        }
        return totals
    }

    /// Newest first, below the entry `before`.
    func entries(ofUser userId: String, before: Int64?, limit: Int) -> [Entry] {
        guard let account = account(of: userId) else { return [] }
        var next = account.newestEntry
        // From the cursor on, or a list of many pages would be walked through once for each of them.
        if let before, let known = entries[before], known.account == account.row { next = known.previous }
        var page: [Entry] = []
        while page.count < limit, let row = next, let entry = entries[row] {
            if row < before ?? .max { page.append(entry.entry) }
            next = entry.previous
        }
        return page
    }

    // MARK: Walking

    private func matching(_ filter: ProjectFilter) -> Walk {
        guard let userId = filter.userId else { return Walk(self, filter, from: Int64(projects.count)) }
        let account = account(of: userId)
        // A user never seen has an empty chain; 0 is nobody's row.
        return Walk(self, filter, from: account?.newestProject, of: account?.row ?? 0)
    }

    /// Projects that a filter matches, newest first, along one user's chain or over all rows.
    struct Walk {
        private let store: InMemoryStore
        private let filter: ProjectFilter
        private let account: Int64?
        private var row: Int64?

        init(_ store: InMemoryStore, _ filter: ProjectFilter, from row: Int64?, of account: Int64? = nil) {
            self.store = store
            self.filter = filter
            self.account = account
            self.row = row
        }

        /// Goes on below the project `cursor`, which need not match. One of the same user's is a place in the chain, so
        /// that a list of many pages is walked through once and not once for each of them.
        mutating func skip(to cursor: Int64) {
            if let project = store.projects[cursor], account == nil || project.stored.account == account {
                row = previous(project)
            } else {
                while let here = row, here >= cursor, let project = store.projects[here] { row = previous(project) }
            }
        }

        mutating func next() -> ProjectRow? {
            while let here = row, let project = store.projects[here] {
                row = previous(project)
                if filter.matches(project.stored.project) { return project }
            }
            return nil
        }

        private func previous(_ project: ProjectRow) -> Int64? {
            account == nil ? project.stored.row - 1 : project.previous
        }
    }
}

extension ProjectFilter {
    fileprivate func includes(_ status: Status) -> Bool { statuses?.contains(status) ?? true }

    /// But for the user, whose chain is walked.
    fileprivate func matches(_ project: Project) -> Bool {
        includes(project.status) && createdAfter.map { project.createdAt >= $0 } ?? true
            && createdBefore.map { project.createdAt < $0 } ?? true
            && (dueBefore == nil || project.deadline.map { $0 < dueBefore ?? $0 } ?? false)
    }
}

extension Totals {
    /// What one project adds.
    init(of project: Project) {
        self.init()
        self[project.status] = PerStatus(count: 1, credits: project.creditsUsed)
        guard project.status == .completed else { return }
        completedMilliseconds = .milliseconds(from: project.createdAt, to: project.finishedAt ?? project.createdAt)
    }

    /// Saturating: over all users they have no bound, and a read must not fail.
    fileprivate mutating func add(_ other: Totals, _ filter: ProjectFilter) {
        func sum(_ a: Int64, _ b: Int64) -> Int64 {
            let (sum, overflow) = a.addingReportingOverflow(b)
            return overflow ? .max : sum
        }
        for status in Status.allCases where filter.includes(status) {
            self[status].count = sum(self[status].count, other[status].count)
            self[status].credits = sum(self[status].credits, other[status].credits)
        }
        guard filter.includes(.completed) else { return }
        completedMilliseconds = sum(completedMilliseconds, other.completedMilliseconds)
    }
}
