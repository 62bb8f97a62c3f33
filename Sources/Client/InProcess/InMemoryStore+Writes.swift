internal import HashTreeCollections
internal import LifecycleCore

/// What rules may change, with every guard of the database's schema (`v3_guards.sql`). What is thrown leaves a store half
/// changed: it is a copy, to be forgotten then.
extension InMemoryStore {
    mutating func openAccount(of userId: String) throws(RPCError) -> Account {
        let key = UTF8Key(userId)
        try require(accountsByUser[key] == nil && (1...128).contains(userId.utf8.count))
        let account = AccountRow(row: Int64(accounts.count) + 1, userId: userId)
        accounts[account.row] = account
        accountsByUser[key] = account.row
        return account.account
    }

    mutating func create(_ new: NewProject, at now: Timestamp) throws(RPCError) -> StoredProject {
        guard let account = accounts[new.account.row], let deadline = new.deadline else { throw .brokenRule }
        let row = Int64(projects.count) + 1
        try require(projectsByID[new.projectId] == nil)
        try require((0...Limits.largestInteger).contains(new.credits) && new.credits <= account.available)
        for seconds in [new.terms.startTimeout, new.terms.lease, new.terms.maximumRuntime] {
            try require((1...InMemoryStore.longestTerm).contains(seconds ?? 1))
        }
        try require(deadline <= new.terms.latestDeadline(createdAt: now))
        projectsByID[new.projectId] = row
        if let externalId = new.externalId { try name(externalId, row) }
        if let key = new.idempotencyKey {
            try requireLength(of: key)
            try require(projectsByKey.updateValue(row, forKey: IdempotencyKey(account.row, key)) == nil)
        }
        let charge = try append(
            Entry(entryId: 0, kind: .charge, credits: new.credits, at: now, projectId: new.projectId), account.row, row)
        let stored = StoredProject(
            row: row, account: account.row,
            project: Project(
                projectId: new.projectId, userId: account.userId, status: .pending, creditsUsed: new.credits,
                creditsRefunded: 0, externalId: new.externalId, name: new.name, createdAt: now, updatedAt: now,
                deadline: deadline, retryOf: new.retryOf, metadata: new.metadata),
            terms: new.terms, hadExternalID: new.externalId != nil, refusedReports: 0)
        projects[row] = ProjectRow(stored, charge: charge.entryId, previous: account.newestProject)
        deadlines.insert(.init(deadline: deadline, row: row))
        try changeAccount(account.row) { account throws(RPCError) in
            account.newestProject = row
            account.available -= new.credits
            try account.count(stored.project, 1)
        }
        return stored
    }

    /// A sign of life, which moves the deadline.
    /// - Parameters:
    ///   - starts: it moves the project to processing.
    ///   - detaches: it is none: who held the lease is gone.
    mutating func move(
        _ row: Int64, starts: Bool = false, detaches: Bool = false, deadline: Timestamp?, at now: Timestamp
    ) throws(RPCError) {
        try changeProject(row) { project throws(RPCError) in
            guard !project.status.isTerminal, deadline != nil else { throw .brokenRule }
            if starts {
                guard project.status == .pending else { throw .brokenRule }
                project.status = .processing
                project.startedAt = now
            }
            project.updatedAt = now
            project.deadline = deadline
        }
        projects[row]?.stored.isDetached = detaches
    }

    mutating func beat(_ row: Int64, _ beat: Beat) throws(RPCError) {
        try changeProject(row) { project throws(RPCError) in
            guard !project.status.isTerminal, beat.deadline != nil else { throw .brokenRule }
            project.progress = beat.progress ?? project.progress
            project.message = beat.message ?? project.message
            project.updatedAt = beat.at
            project.deadline = beat.deadline
        }
    }

    mutating func requestCancel(of row: Int64, at now: Timestamp) throws(RPCError) {
        try changeProject(row) { project throws(RPCError) in
            project.cancelRequested = true
            project.updatedAt = now
        }
    }

    mutating func finish(_ row: Int64, _ verdict: Verdict, at now: Timestamp) throws(RPCError) {
        guard let before = projects[row] else { return }
        try require(before.outcome == nil)
        try changeProject(row) { project throws(RPCError) in
            guard !project.status.isTerminal else { throw .brokenRule }
            project.status = verdict.status
            switch verdict {
            // It has been processing, whether or not anybody said so.
            case .completed: project.startedAt = project.startedAt ?? now
            case .failed(let code, let message):
                project.errorCode = code
                project.errorMessage = message
            }
            project.updatedAt = now
            project.finishedAt = now
            project.deadline = nil
        }
        let (account, project) = (before.stored.account, before.stored.project)
        let outcome = try append(
            Entry(
                entryId: 0, kind: verdict.status == .failed ? .refund : .capture, credits: project.creditsUsed, at: now,
                projectId: project.projectId),
            account, row)
        projects[row]?.outcome = outcome.entryId
        // As the database does: what the ledger says.
        if outcome.kind == .refund { projects[row]?.stored.project.creditsRefunded = outcome.credits }
    }

    mutating func recordExternalID(_ id: String, of row: Int64, at now: Timestamp) throws(RPCError) {
        guard projects[row] != nil else { return }
        try name(id, row)
        try changeProject(row) { project throws(RPCError) in
            guard project.externalId == nil else { throw .brokenRule }
            project.externalId = id
            project.updatedAt = now
        }
    }

    mutating func countRefusedReport(of row: Int64) throws(RPCError) {
        guard let count = projects[row]?.stored.refusedReports else { return }
        projects[row]?.stored.refusedReports = try count.adding(1)
    }

    mutating func post(_ new: NewEntry, at now: Timestamp) throws(RPCError) -> Entry {
        let row = new.account.row
        try require(new.kind == .adjustment || (new.kind == .grant && new.credits >= 0))
        try require((-Limits.largestInteger...Limits.largestInteger).contains(new.credits))
        let entry = try append(
            Entry(entryId: 0, kind: new.kind, credits: new.credits, at: now, reason: new.reason), row, nil)
        if let key = new.idempotencyKey {
            try requireLength(of: key)
            let key = IdempotencyKey(row, key)
            try require(entriesByKey.updateValue(entry.entryId, forKey: key) == nil)
        }
        try changeAccount(row) { account throws(RPCError) in
            account.available = try account.available.adding(new.credits)
            account.granted = try account.granted.adding(new.credits)
        }
        return entry
    }

    mutating func record(_ new: NewEvent, by caller: Caller, at now: Timestamp) throws(RPCError) {
        guard let account = accounts[new.account] else { throw .brokenRule }
        let seq = try newestSeq.adding(1)
        let project = new.project.flatMap { projects[$0.row] }
        try require((project == nil) == (new.project == nil))
        events[seq] = EventRow(
            Event(
                seq: seq, kind: new.kind, at: now, userId: account.userId, projectId: project?.stored.project.projectId,
                uid: Int64(caller.uid), gid: Int64(caller.gid), pid: Int64(caller.pid), detail: new.detail),
            project: new.project?.row, previous: project?.newestEvent)
        newestSeq = seq
        if let row = new.project?.row { projects[row]?.newestEvent = seq }
    }
}
