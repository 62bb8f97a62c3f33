internal import HashTreeCollections
internal import LifecycleCore

/// What writes are made of, and what they may not break.
extension InMemoryStore {
    func require(_ rule: Bool) throws(RPCError) {
        guard rule else { throw .brokenRule }
    }

    /// Of keys and externalIds, in bytes.
    func requireLength(of text: String) throws(RPCError) {
        try require((1...255).contains(text.utf8.count))
    }

    /// An externalId is recorded once, for one project.
    mutating func name(_ externalId: String, _ row: Int64) throws(RPCError) {
        try requireLength(of: externalId)
        try require(projectsByExternalID.updateValue(row, forKey: UTF8Key(externalId)) == nil)
    }

    /// Writes a line of the ledger, whose id is given here. Moves nothing.
    mutating func append(_ entry: Entry, _ account: Int64, _ project: Int64?) throws(RPCError) -> Entry {
        guard let previous = accounts[account] else { throw .brokenRule }
        var entry = entry
        entry.entryId = Int64(entries.count) + 1
        entries[entry.entryId] = EntryRow(
            entry, account: account, project: project, previous: previous.newestEntry)
        accounts[account]?.newestEntry = entry.entryId
        return entry
    }

    mutating func changeAccount(
        _ row: Int64, _ change: (inout AccountRow) throws(RPCError) -> Void
    ) throws(RPCError) {
        guard var account = accounts[row] else { throw .brokenRule }
        try change(&account)
        guard account.isSound else { throw .brokenRule }
        accounts[row] = account
    }

    /// As an UPDATE: a row that does not exist is no error. The index of deadlines and the user's account follow.
    mutating func changeProject(
        _ row: Int64, _ change: (inout Project) throws(RPCError) -> Void
    ) throws(RPCError) {
        guard let stored = projects[row]?.stored else { return }
        let before = stored.project
        var after = before
        try change(&after)
        // Every unfinished project has a time by which it will be finished, within its terms.
        try require(after.status.isTerminal == (after.deadline == nil))
        if let deadline = after.deadline, deadline != before.deadline {
            try require(deadline <= stored.terms.latestDeadline(createdAt: before.createdAt))
        }
        projects[row]?.stored.project = after
        if after.deadline != before.deadline {
            if let deadline = before.deadline { deadlines.remove(.init(deadline: deadline, row: row)) }
            if let deadline = after.deadline { deadlines.insert(.init(deadline: deadline, row: row)) }
        }
        guard after.status != before.status else { return }
        try changeAccount(stored.account) { account throws(RPCError) in
            try account.count(before, -1)
            try account.count(after, 1)
            // There is no other way to fail, and no other refund.
            if after.status == .failed { account.available = try account.available.adding(after.creditsUsed) }
        }
    }
}

extension InMemoryStore {
    /// A year, in seconds: the most that the daemon can be told to wait.
    static let longestTerm: Int64 = 31_536_000
}

extension Terms {
    /// No project of these terms waits longer.
    func latestDeadline(createdAt: Timestamp) -> Timestamp {
        createdAt.adding(seconds: maximumRuntime ?? InMemoryStore.longestTerm)
    }
}

extension InMemoryStore.AccountRow {
    /// - Parameter sign: 1 when the project comes to its status, -1 when it leaves it.
    mutating func count(_ project: Project, _ sign: Int64) throws(RPCError) {
        let one = Totals(of: project)
        let status = project.status
        totals[status].count = try totals[status].count.adding(sign)
        totals[status].credits = try totals[status].credits.adding(sign * one[status].credits)
        if status == .completed {
            totals.completedMilliseconds = try totals.completedMilliseconds.adding(one.completedMilliseconds)
        }
    }

    /// Credits in their range, and each of them available, held or spent.
    var isSound: Bool {
        let range = 0...Limits.largestInteger
        let parts = [available, totals.pending.credits, totals.processing.credits, totals.completed.credits]
        return range.contains(granted) && parts.allSatisfy(range.contains) && parts.reduce(0, +) == granted
            && totals.failed.credits >= 0 && Status.allCases.allSatisfy { totals[$0].count >= 0 }
    }
}
