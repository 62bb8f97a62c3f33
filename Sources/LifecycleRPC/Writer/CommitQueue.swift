internal import DequeModule
internal import LifecycleCore

/// The work that the writer was asked to do and has not done: writes, expiries, checks and the close. A pure value.
struct CommitQueue {
    /// Due projects that are to be expired, and the callers and writes that wait for this expiry.
    struct Expiry {
        var due: Due
        var completions: [@Sendable () -> Void] = []
        /// Writes that met these projects, and later writes of the same sources.
        var jobs: [WriteJob] = []

        /// True if it names only some projects that reads have met. Several such expiries fit into one transaction.
        var isMergeable: Bool { due.users.isEmpty && !due.isEverything && jobs.isEmpty }

        func holds(_ source: ObjectIdentifier) -> Bool { jobs.contains { $0.source == source } }
    }

    private var jobs = Deque<WriteJob>()
    private var checks: [@Sendable () -> Void] = []
    private var expiries = Deque<Expiry>()
    private(set) var close: (@Sendable (StorageError?) -> Void)?
    /// When the writer gives up the work that still waits.
    private(set) var closesBy: ContinuousClock.Instant?
    private var loopQuestion = LoopQuestion()

    /// True if no work can be done now. Checks and a close do not count.
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

    /// Removes and returns the writes of the next commit group.
    mutating func nextJobs(atMost most: Int) -> [WriteJob] {
        var next: [WriteJob] = []
        while next.count < most, let job = jobs.popFirst() {
            if let source = job.source, let index = expiries.firstIndex(where: { $0.holds(source) }) {
                // An earlier write of this source waits for the expiry, so this one has to follow it.
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

    /// Removes and returns the expiry for the next transaction. Expiries take turns, so that no caller waits for all of
    /// another user's projects.
    /// - Parameter isSomethingDue: whether any project is due, even if no request waits for its expiry.
    mutating func nextExpiry(isMergeable: Bool, isSomethingDue: Bool) -> Expiry? {
        if close != nil {
            // At the close only expiries that a caller or a write waits for are done. The next start expires the rest.
            expiries.removeAll { $0.completions.isEmpty && $0.jobs.isEmpty }
        } else if isSomethingDue, !expiries.contains(where: { $0.due.isEverything }) {
            expiries.append(Expiry(due: Due(isEverything: true)))
        }
        return expiries.firstIndex { $0.isMergeable == isMergeable }.map { expiries.remove(at: $0) }
    }

    /// The transaction of the expiry is durable, or there was nothing to expire.
    /// - Parameter isDone: whether all projects of the expiry are expired.
    /// - Returns: the completions to call.
    mutating func finish(_ expiry: Expiry, isDone: Bool) -> [@Sendable () -> Void] {
        guard isDone else {
            expiries.append(expiry)
            return []
        }
        jobs.prepend(contentsOf: expiry.jobs)
        return expiry.completions
    }

    /// Whether the writer may expire projects that no request waits for.
    /// - Parameter askLoop: called when the event loop has to answer first.
    mutating func mayExpire(_ isSomethingDue: Bool, askLoop: () -> Void) -> Bool {
        close == nil && loopQuestion.isAnswered(isSomethingDue, ask: askLoop)
    }

    // MARK: Other work

    /// Removes and returns the checks that can be answered now. None, while the event loop has not answered the
    /// writer's question: it may hang.
    mutating func nextChecks() -> [@Sendable () -> Void] {
        guard !checks.isEmpty, close != nil || !loopQuestion.isOpen else { return [] }
        defer { checks = [] }
        return checks
    }

    /// Removes all waiting work, and returns the jobs and completions that have to be answered. Checks get no answer.
    mutating func removeAll() -> (jobs: [WriteJob], completions: [@Sendable () -> Void]) {
        defer {
            jobs = []
            expiries = []
            checks = []
        }
        return (jobs + expiries.flatMap(\.jobs), expiries.flatMap(\.completions))
    }
}
