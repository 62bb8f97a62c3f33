internal import LifecycleCore

/// The writes that share one commit, and their outcomes. A pure value.
struct CommitGroup {
    private(set) var jobs: [WriteJob]
    /// In the order of the jobs. `nil` for a postponed job: it met due projects, and nothing of it was done.
    private(set) var outcomes: [WriteOutcome?] = []
    /// The due projects that postponed jobs met, by the job's index.
    private(set) var due: [Int: Due] = [:]
    /// The sources of postponed jobs. Later jobs of the same source are postponed too, to keep their order.
    private(set) var postponedSources: Set<ObjectIdentifier> = []
    private(set) var errors: [StorageError] = []

    /// The fatal error, if there was one. After it no write may be acknowledged.
    var failure: StorageError? { errors.first(where: \.isFatal) }

    /// The postponed jobs in their order, with the due projects that each met. A job without any only has to follow an
    /// earlier one of its source.
    var postponed: [(job: WriteJob, due: Due)] {
        jobs.indices.filter { $0 < outcomes.count && outcomes[$0] == nil }.map { (jobs[$0], due[$0] ?? Due()) }
    }

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
        for (index, due) in attempt.due { self.due[outcomes.count + index] = due }
        if outcomes.isEmpty { outcomes = attempt.outcomes } else { outcomes += attempt.outcomes }
        postponedSources = attempt.postponedSources
    }

    /// The results of one transaction. The caller drops them if the transaction is rolled back.
    struct Attempt {
        private(set) var jobs: [WriteJob]
        private(set) var outcomes: [WriteOutcome?] = []
        private(set) var due: [Int: Due] = [:]
        private(set) var postponedSources: Set<ObjectIdentifier>

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

        mutating func finish(_ outcome: WriteOutcome) { outcomes.append(outcome) }

        /// The next job runs later.
        /// - Parameter due: the due projects that it met; `nil` if it follows an earlier job of its source.
        mutating func postpone(until due: Due?) {
            if let source = next?.source { postponedSources.insert(source) }
            if let due { self.due[outcomes.count] = due }
            outcomes.append(nil)
        }

        /// Whether any of the jobs takes credits or gives new ones.
        var isCharge: Bool { jobs.contains { !$0.worksOnFullDisk } }
    }
}
