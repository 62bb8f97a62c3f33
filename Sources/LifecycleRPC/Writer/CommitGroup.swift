internal import LifecycleCore

/// The writes that share one commit, and their outcomes. A pure value.
struct CommitGroup {
    private(set) var jobs: [WriteJob]
    /// In the order of the jobs. `nil` for a postponed job: it met too many due projects, and nothing of it was done.
    private(set) var outcomes: [WriteOutcome?] = []
    /// The due projects that the postponed jobs met.
    private(set) var due = Due()
    /// The sources of postponed jobs. Later jobs of the same source are postponed too, to keep their order.
    private(set) var postponedSources: Set<ObjectIdentifier> = []
    /// The events of the projects that were expired on behalf of the jobs.
    private(set) var expired: [NewEvent] = []
    private(set) var errors: [StorageError] = []

    /// The fatal error, if there was one. After it no write may be acknowledged.
    var failure: StorageError? { errors.first(where: \.isFatal) }

    var postponed: [WriteJob] { zip(jobs, outcomes).filter { $1 == nil }.map(\.0) }

    init(_ jobs: [WriteJob]) { self.jobs = jobs }

    mutating func note(_ error: StorageError) { errors.append(error) }

    /// Adds jobs that arrived before the commit.
    mutating func join(_ more: [WriteJob]) { jobs += more }

    /// Refuses the jobs that charge or grant, and moves them to the front. The others work on a full disk.
    /// - Returns: the jobs that are left to run.
    mutating func refuseCharges() -> [WriteJob] {
        assert(outcomes.isEmpty)
        let charges = jobs.filter { !$0.worksOnFullDisk }
        let others = jobs.filter(\.worksOnFullDisk)
        jobs = charges + others
        refuse(charges.count, .storageFull)
        return others
    }

    /// Answers the next jobs with this error.
    mutating func refuse(_ count: Int, _ error: RPCError) {
        assert(outcomes.count + count <= jobs.count)
        outcomes += Array(repeating: WriteOutcome(.failure(error)), count: count)
    }

    /// Adds the results of a transaction that was committed.
    mutating func commit(_ attempt: Attempt) {
        assert(outcomes.count + attempt.outcomes.count <= jobs.count)
        if outcomes.isEmpty { outcomes = attempt.outcomes } else { outcomes += attempt.outcomes }
        due.formUnion(attempt.due)
        postponedSources = attempt.postponedSources
        expired += attempt.expired
    }

    /// The results of one transaction. The caller drops them if the transaction is rolled back.
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
        /// The job that runs next; `nil` if all have run.
        var next: WriteJob? { hasNext ? jobs[outcomes.count] : nil }

        /// True if an earlier job of the same source is postponed.
        func mustWait(_ job: WriteJob) -> Bool {
            guard !postponedSources.isEmpty, let source = job.source else { return false }
            return postponedSources.contains(source)
        }

        mutating func join(_ more: [WriteJob]) { jobs += more }

        /// - Parameter outcome: the outcome of the next job; `nil` if it is postponed.
        mutating func finish(_ outcome: WriteOutcome?) {
            if outcome == nil, let source = next?.source { postponedSources.insert(source) }
            outcomes.append(outcome)
        }

        mutating func noteExpiry(_ events: [NewEvent], count: Int) {
            expired += events
            room -= count
        }

        /// Notes the due projects of a job that is postponed, because `room` is used up.
        mutating func postpone(until due: Due) { self.due.formUnion(due) }

        /// Whether any of the jobs takes credits or gives new ones.
        var isCharge: Bool { jobs.contains { !$0.worksOnFullDisk } }
    }
}
