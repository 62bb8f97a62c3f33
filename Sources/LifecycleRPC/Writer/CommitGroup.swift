internal import LifecycleCore
internal import LifecycleSQLite

/// The writes that share one commit, and what became of them. Pure.
struct CommitGroup {
    private(set) var jobs: [WriteJob]
    /// In the order of the jobs. nil: nothing was done, as the write met too many due projects; it is postponed.
    private(set) var outcomes: [WriteOutcome?] = []
    /// The due projects that the postponed writes met.
    private(set) var due = Due()
    /// The sources of postponed writes. Their later writes are postponed, too, so that their order stays.
    private(set) var postponedSources: Set<ObjectIdentifier> = []
    /// What was expired on the way.
    private(set) var expired: [NewEvent] = []
    private(set) var errors: [StorageError] = []

    /// After this error nothing may be acknowledged any more.
    var failure: StorageError? { errors.first(where: \.isFatal) }

    var postponed: [WriteJob] { zip(jobs, outcomes).filter { $1 == nil }.map(\.0) }

    init(_ jobs: [WriteJob]) { self.jobs = jobs }

    mutating func note(_ error: StorageError) { errors.append(error) }

    /// Writes that joined before the commit.
    mutating func join(_ more: [WriteJob]) { jobs += more }

    /// Puts the writes that work on a full disk last, and refuses the others.
    /// - Returns: those that are left to do.
    mutating func refuseCharges() -> [WriteJob] {
        assert(outcomes.isEmpty)
        let charges = jobs.filter { !$0.worksOnFullDisk }
        let others = jobs.filter(\.worksOnFullDisk)
        jobs = charges + others
        refuse(charges.count, .storageFull)
        return others
    }

    /// The next writes fail with this error.
    mutating func refuse(_ count: Int, _ error: RPCError) {
        assert(outcomes.count + count <= jobs.count)
        outcomes += Array(repeating: WriteOutcome(.failure(error)), count: count)
    }

    /// An attempt is committed.
    mutating func commit(_ attempt: Attempt) {
        assert(outcomes.count + attempt.outcomes.count <= jobs.count)
        if outcomes.isEmpty { outcomes = attempt.outcomes } else { outcomes += attempt.outcomes }
        due.formUnion(attempt.due)
        postponedSources = attempt.postponedSources
        expired += attempt.expired
    }

    /// What one transaction does. It is dropped when the transaction is rolled back.
    struct Attempt {
        private(set) var jobs: [WriteJob]
        private(set) var outcomes: [WriteOutcome?] = []
        private(set) var due = Due()
        private(set) var postponedSources: Set<ObjectIdentifier>
        private(set) var expired: [NewEvent] = []
        /// How many more due projects may be expired in this transaction.
        private(set) var room = Sweep.batch

        init(_ jobs: [WriteJob], in group: CommitGroup) {
            self.jobs = jobs
            postponedSources = group.postponedSources
            outcomes.reserveCapacity(jobs.count)
        }

        var hasNext: Bool { outcomes.count < jobs.count }
        /// The write that runs next; nil: all have run.
        var next: WriteJob? { hasNext ? jobs[outcomes.count] : nil }

        /// An earlier write of its source is postponed, and so it must be, too.
        func mustWait(_ job: WriteJob) -> Bool {
            guard !postponedSources.isEmpty, let source = job.source else { return false }
            return postponedSources.contains(source)
        }

        mutating func join(_ more: [WriteJob]) { jobs += more }

        /// - Parameter outcome: of the next write; nil: it is postponed.
        mutating func finish(_ outcome: WriteOutcome?) {
            if outcome == nil, let source = next?.source { postponedSources.insert(source) }
            outcomes.append(outcome)
        }

        mutating func noteExpiry(_ events: [NewEvent], count: Int) {
            expired += events
            room -= count
        }

        /// There is no room to expire what a write has met.
        mutating func postpone(until due: Due) { self.due.formUnion(due) }

        /// It takes credits or gives new ones.
        var isCharge: Bool { jobs.contains { !$0.worksOnFullDisk } }
    }
}
