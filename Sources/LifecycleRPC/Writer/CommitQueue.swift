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

        var isWaitedFor: Bool { !completions.isEmpty || !jobs.isEmpty }

        mutating func takeJobs() -> [WriteJob] {
            defer { jobs = [] }
            return jobs
        }

        func holds(_ source: ObjectIdentifier) -> Bool { jobs.contains { $0.source == source } }
    }

    private var jobs = Deque<WriteJob>()
    private var checks: [@Sendable () -> Void] = []
    private var expiries = Deque<Expiry>()
    private(set) var close: (@Sendable (StorageError?) -> Void)?
    /// When the writer gives up the work that still waits.
    private(set) var closesBy: ContinuousClock.Instant?
    private var loopQuestion = LoopQuestion()

    /// Whether more projects are due, for which no request waits.
    private var isMoreDue = false

    /// True if no work can be done now. Checks and a close do not count.
    var isIdle: Bool { jobs.isEmpty && expiries.isEmpty && !isMoreDue }

    mutating func add(_ message: WriterMessage) {
        switch message {
        case .write(let more): jobs += more
        case .check(let completion): checks.append(completion)
        case .expire(let due, let completion): expiries.append(Expiry(due: due, completions: [completion]))
        case .wakeUp: break
        case .loopRuns: loopQuestion.answered()
        case .close(let time, let completion): (closesBy, close) = (time, completion)
        }
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

    /// This write runs again when the projects that it met are expired, and after earlier writes of its source.
    mutating func postpone(_ job: WriteJob, until due: Due) {
        let earlier = expiries.firstIndex { expiry in
            job.source.map(expiry.holds) ?? false || !expiry.jobs.isEmpty && expiry.due == due
        }
        if let earlier { expiries[earlier].jobs.append(job) } else { expiries.append(Expiry(due: due, jobs: [job])) }
    }

    // MARK: Expiry

    /// Removes and returns all expiries, for the next transaction. Those that nobody waits for come last, and are left
    /// to the next start at a close.
    /// - Parameter isSomethingDue: whether any project is due, even if no request waits for its expiry.
    mutating func takeExpiries(isSomethingDue: Bool) -> [Expiry] {
        var taken = Array(expiries)
        if isSomethingDue || isMoreDue, close == nil, !taken.contains(where: { $0.due.isEverything }) {
            taken.append(Expiry(due: Due(isEverything: true)))
        }
        expiries = []
        isMoreDue = false
        return taken
    }

    /// The transaction of the expiries has ended.
    /// - Parameter isDone: whether all projects of each expiry are expired; `nil` if it had no room, and so comes first
    ///   in the next transaction.
    /// - Returns: the completions to call when the transaction is durable.
    mutating func finish(_ taken: [Expiry], isDone: [Bool?]) -> [@Sendable () -> Void] {
        assert(expiries.isEmpty && taken.count == isDone.count)
        let outcomes = Array(zip(taken, isDone))
        let left = outcomes.filter { $1 == nil } + outcomes.filter { $1 == false }
        expiries += left.map(\.0).filter(\.isWaitedFor)
        isMoreDue = left.contains { !$0.0.isWaitedFor }
        let done = outcomes.filter { $1 == true }.map(\.0)
        jobs.prepend(contentsOf: done.flatMap(\.jobs))
        return done.flatMap(\.completions)
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
