internal import DequeModule
internal import LifecycleCore
internal import LifecycleSQLite

/// What the writer was asked to do and has not done: writes, expiries, checks, the close. Pure.
struct CommitQueue {
    /// Due projects to be expired, and what waits for that.
    struct Expiry {
        var due: Due
        var completions: [@Sendable () -> Void] = []
        /// Writes that met these projects, and later writes of the same sources.
        var jobs: [WriteJob] = []

        /// Only some projects that reads have met: several of these fit into one transaction.
        var isMergeable: Bool { due.users.isEmpty && !due.isEverything && jobs.isEmpty }

        func holds(_ source: ObjectIdentifier) -> Bool { jobs.contains { $0.source == source } }
    }

    private var jobs = Deque<WriteJob>()
    private var checks: [@Sendable () -> Void] = []
    private var expiries = Deque<Expiry>()
    private(set) var close: (@Sendable (StorageError?) -> Void)?
    /// What waits at this time is given up.
    private(set) var closesBy: ContinuousClock.Instant?
    private var loopQuestion = LoopQuestion()

    /// Nothing can be done at once.
    var isIdle: Bool { jobs.isEmpty && expiries.isEmpty }

    mutating func add(_ message: WriterMessage) {
        switch message {
        case .write(let more): jobs += more
        case .check(let completion): checks.append(completion)
        case .expire(let due, let completion): add(Expiry(due: due, completions: [completion]))
        case .wakeUp: break
        case .loopRuns: loopQuestion.answered()
        case .close(let time, let completion): (closesBy, close) = (time, completion)
        }
    }

    private mutating func add(_ new: Expiry) {
        let other = expiries.firstIndex { $0.isMergeable && $0.due.projects.count < Sweep.batch }
        guard new.isMergeable, let other else { return expiries.append(new) }
        expiries[other].due.formUnion(new.due)
        expiries[other].completions += new.completions
    }

    // MARK: Writes

    /// Takes out the writes of the next commit group.
    mutating func nextJobs(atMost most: Int) -> [WriteJob] {
        var next: [WriteJob] = []
        while next.count < most, let job = jobs.popFirst() {
            if let source = job.source, let index = expiries.firstIndex(where: { $0.holds(source) }) {
                // Behind the write of the same source that waits for this expiry.
                expiries[index].jobs.append(job)
            } else {
                next.append(job)
            }
        }
        return next
    }

    /// These writes run again when the projects that they met are expired.
    mutating func postpone(_ jobs: [WriteJob], until due: Due) {
        if !jobs.isEmpty { expiries.append(Expiry(due: due, jobs: jobs)) }
    }

    // MARK: Expiry

    /// Takes out what is to be expired by the next transaction. Expiries take turns, so that nobody waits for all of
    /// another user's projects.
    /// - Parameter isSomethingDue: some project is due, whether or not anybody waits for it.
    mutating func nextExpiry(isMergeable: Bool, isSomethingDue: Bool) -> Expiry? {
        if close != nil {
            // At the end only who waits gets an answer. The next start expires the rest.
            expiries.removeAll { $0.completions.isEmpty && $0.jobs.isEmpty }
        } else if isSomethingDue, !expiries.contains(where: { $0.due.isEverything }) {
            expiries.append(Expiry(due: Due(isEverything: true)))
        }
        return expiries.firstIndex { $0.isMergeable == isMergeable }.map { expiries.remove(at: $0) }
    }

    /// The expiry's transaction is durable, or there was nothing to do.
    /// - Parameter isDone: all of its projects are expired.
    /// - Returns: whom to tell.
    mutating func finish(_ expiry: Expiry, isDone: Bool) -> [@Sendable () -> Void] {
        guard isDone else {
            expiries.append(expiry)
            return []
        }
        jobs.prepend(contentsOf: expiry.jobs)
        return expiry.completions
    }

    /// Whether the writer may expire projects for which nobody waits.
    /// - Parameter askLoop: called when the event loop is to be asked whether it runs.
    mutating func mayExpire(_ isSomethingDue: Bool, askLoop: () -> Void) -> Bool {
        close == nil && loopQuestion.isAnswered(isSomethingDue, ask: askLoop)
    }

    // MARK: Others that wait

    /// Takes out the checks that can be answered now. While the event loop is asked, it is not known to run.
    mutating func nextChecks() -> [@Sendable () -> Void] {
        guard !checks.isEmpty, close != nil || !loopQuestion.isOpen else { return [] }
        defer { checks = [] }
        return checks
    }

    /// Takes out all that waits and will not be done: it is to be told so. Checks get no answer.
    mutating func removeAll() -> (jobs: [WriteJob], completions: [@Sendable () -> Void]) {
        defer {
            jobs = []
            expiries = []
            checks = []
        }
        return (jobs + expiries.flatMap(\.jobs), expiries.flatMap(\.completions))
    }
}
