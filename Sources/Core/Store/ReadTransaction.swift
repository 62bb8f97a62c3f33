/// The reads that a rule may make, which are those of `LedgerReads`, and what its request leaves behind besides the
/// answer: the due projects that it has met, and its effects on the connection. All reads of a request see the same
/// snapshot. Only the thread of the engine or reader may use it. Errors are `storageUnavailable`, `storageFull` and
/// `internalError`.
package class ReadTransaction {
    private let reads: any LedgerReads
    final let nextDeadline: NextDeadline
    /// The earliest deadline when the open snapshot began. A project that was expired since then still looks due in it.
    /// The writer needs none, because it always sees the newest state.
    private final var earliestInSnapshot = Timestamp(milliseconds: .max)
    /// The time of the current request.
    private final var now = Timestamp(milliseconds: .min)
    /// The due projects that the request has met. None while `nextDeadline` is in the future: the writer moves it there
    /// for a second when it cannot expire anything.
    package private(set) final var due = Due()
    /// The changes that the request makes on its connection.
    package private(set) final var effects: [ConnectionEffect] = []
    /// The storage error behind the last `RPCError` that was thrown here. The owner needs it to decide whether to
    /// continue.
    package final var failure: StorageError?

    package init(_ reads: any LedgerReads, _ nextDeadline: NextDeadline) {
        self.reads = reads
        self.nextDeadline = nextDeadline
    }

    // MARK: One request

    /// Clears the results of the last request.
    package func begin(at now: Timestamp) {
        self.now = now
        failure = nil
        due = Due()
        effects.removeAll(keepingCapacity: true)
    }

    /// Call it before the engine opens a snapshot, or may open one.
    package final func willOpenSnapshot() { earliestInSnapshot = min(earliestInSnapshot, nextDeadline.time) }
    package final func didEndSnapshot() { earliestInSnapshot = Timestamp(milliseconds: .max) }

    /// Sets the effect of the request on its connection, after the request has succeeded.
    package final func affect(_ effect: ConnectionEffect) { effects.append(effect) }

    // These are asked for each request, and a copy costs more.
    package final var hasMetDue: Bool { !due.isEmpty }
    package final var hasFailure: Bool { failure != nil }

    /// Turns a storage error into the error for the caller, and keeps it in `failure`.
    package final func reporting<Value>(_ body: () throws(StorageError) -> Value) throws(RPCError) -> Value {
        do throws(StorageError) {
            return try body()
        } catch {
            failure = error
            throw RPCError(error)
        }
    }

    /// A cheap check before the search for due projects: usually no project is due.
    final var mayBeDue: Bool { min(earliestInSnapshot, nextDeadline.time) <= now }

    final func touch(_ stored: StoredProject) {
        guard let deadline = stored.project.deadline, deadline <= now, mayBeDue else { return }
        due.projects.append(stored.project.projectId)
    }

    /// - Parameter userId: `nil` for all users.
    private final func touch(user userId: String?) throws(StorageError) {
        guard mayBeDue, try !reads.dueProjects(ofUser: userId, at: now, limit: 1).isEmpty else { return }
        if let userId { due.users.append(userId) } else { due.isEverything = true }
    }

    // MARK: Reads

    package final func project(_ reference: ProjectReference) throws(RPCError) -> StoredProject? {
        let stored = try reporting { () throws(StorageError) in try reads.project(reference) }
        if let stored { touch(stored) }
        return stored
    }

    package final func account(of userId: String) throws(RPCError) -> Account? {
        try reporting { () throws(StorageError) in
            try touch(user: userId)
            return try reads.account(of: userId)
        }
    }

    package final func projects(
        _ filter: ProjectFilter, after cursor: ProjectID?, limit: Int
    ) throws(RPCError) -> [Project] {
        try reporting { () throws(StorageError) in
            try touch(user: filter.userId)
            return try reads.projects(filter, after: cursor, limit: limit)
        }
    }

    package final func totals(_ filter: ProjectFilter) throws(RPCError) -> Totals {
        try reporting { () throws(StorageError) in
            try touch(user: filter.userId)
            return try reads.totals(filter)
        }
    }

    package final func entries(ofUser userId: String, before: Int64?, limit: Int) throws(RPCError) -> [Entry] {
        try reporting { () throws(StorageError) in
            try touch(user: userId)
            return try reads.entries(ofUser: userId, before: before, limit: limit)
        }
    }

    package final func entries(ofProject row: Int64) throws(RPCError) -> [Entry] {
        try reporting { () throws(StorageError) in try reads.entries(ofProject: row) }
    }

    package final func events(_ filter: EventFilter, after seq: Int64, limit: Int) throws(RPCError) -> [Event] {
        try reporting { () throws(StorageError) in try reads.events(filter, after: seq, limit: limit) }
    }

    package final func newestSeq() throws(RPCError) -> Int64 {
        try reporting { () throws(StorageError) in try reads.newestSeq() }
    }

    package final func audit() throws(RPCError) -> AuditReport {
        try reporting { () throws(StorageError) in try reads.audit() }
    }

    /// See `LedgerReads`. Leaves `failure` as it is: an error of the copy says nothing about the ledger.
    /// - Throws: `backupFailed`.
    package final func backUp(to path: String) throws(RPCError) -> BackupReport {
        do throws(BackupFailure) {
            return try reads.backUp(to: path)
        } catch {
            throw .backupFailed(error.reason)
        }
    }
}
