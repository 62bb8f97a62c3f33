internal import DequeModule
internal import LifecycleCore
internal import LifecycleSQLite

/// What the writer thread is told.
enum WriterLetter: Sendable {
    case write([WriteJob])
    case check(@Sendable () -> Void)
    case settle(Due, @Sendable () -> Void)
    /// It may be time for something.
    case tick(WriterAlarm.Ring?)
    /// The event loop has got round to the question.
    case heard
    /// At that time what waits is given up.
    case close(by: ContinuousClock.Instant, @Sendable (StorageError?) -> Void)
}

/// What the writer has read and not done. The writer thread's own.
struct Turn {
    /// What is due, and who waits for it to be settled.
    struct Settling {
        var due: Due
        var completions: [@Sendable () -> Void] = []
        /// Writes that touched it, and those of the same sources after them.
        var jobs: [WriteJob] = []

        /// Some projects that reads have touched: many fit into one transaction.
        var isSmall: Bool { due.users.isEmpty && !due.isEverything && jobs.isEmpty }
    }

    private var jobs = Deque<WriteJob>()
    private var checks: [@Sendable () -> Void] = []
    private var settling = Deque<Settling>()
    private(set) var close: (@Sendable (StorageError?) -> Void)?
    private var closesBy: ContinuousClock.Instant?
    private(set) var question = LoopQuestion()

    /// Nothing is left to be done at once.
    var isIdle: Bool { jobs.isEmpty && settling.isEmpty }

    mutating func take(_ letters: Deque<WriterLetter>, _ alarm: inout WriterAlarm) {
        for letter in letters {
            switch letter {
            case .write(let more): jobs += more
            case .check(let completion): checks.append(completion)
            case .settle(let due, let completion): take(Settling(due: due, completions: [completion]))
            case .tick(let ring): alarm.rang(ring)
            case .heard: question.answered()
            case .close(let time, let completion): (closesBy, close) = (time, completion)
            }
        }
    }

    private mutating func take(_ new: Settling) {
        let fellow = settling.firstIndex { $0.isSmall && $0.due.projects.count < Sweep.batch }
        guard new.isSmall, let fellow else { return settling.append(new) }
        settling[fellow].due.formUnion(new.due)
        settling[fellow].completions += new.completions
    }

    mutating func nextJobs(_ most: Int) -> [WriteJob] {
        var next: [WriteJob] = []
        while next.count < most, let job = jobs.popFirst() {
            // Behind the one of its source that waits.
            if let source = job.source, let index = settling.firstIndex(where: { $0.holds(source) }) {
                settling[index].jobs.append(job)
            } else {
                next.append(job)
            }
        }
        return next
    }

    /// A stop has no time left for what waits.
    var isTooLate: Bool { closesBy.map { $0 < .now } ?? false }

    // MARK: What is due

    /// Whether the daemon's clocks may end what is past its deadline.
    mutating func maySettle(_ isSomethingDue: Bool, ask: () -> Void) -> Bool {
        close == nil && question.isAnswered(isSomethingDue, ask: ask)
    }

    /// These go on when what they touched is settled.
    mutating func postpone(_ jobs: [WriteJob], until due: Due) {
        if !jobs.isEmpty { settling.append(Settling(due: due, jobs: jobs)) }
    }

    /// Takes out what is to be settled by the next transaction. Everybody's in turn: nobody waits for all of another's.
    mutating func nextSettling(isSmall: Bool, isSomethingDue: Bool) -> Settling? {
        if close != nil {
            // At the end only who waits for it gets an answer: what is due is settled at the next start.
            settling.removeAll { $0.completions.isEmpty && $0.jobs.isEmpty }
        } else if isSomethingDue, !settling.contains(where: { $0.due.isEverything }) {
            settling.append(Settling(due: Due(isEverything: true)))
        }
        return settling.firstIndex { $0.isSmall == isSmall }.map { settling.remove(at: $0) }
    }

    /// Its transaction is on disk, or there was none.
    /// - Parameter isDone: nothing is left of it.
    /// - Returns: whom to tell.
    mutating func settled(_ settling: Settling, isDone: Bool) -> [@Sendable () -> Void] {
        guard isDone else {
            self.settling.append(settling)
            return []
        }
        jobs.prepend(contentsOf: settling.jobs)
        return settling.completions
    }

    // MARK: Others who wait

    /// Proves that the thread and the files are alive, to who asked.
    mutating func answerChecks(_ writer: Writer) throws(StorageError) {
        guard !checks.isEmpty, close != nil || !question.isOpen else { return }
        try writer.check()
        for check in checks { check() }
        checks = []
    }

    /// All that wait, of which nothing will be done: to be told so. Who asks whether the thread is alive gets no answer.
    mutating func giveUp() -> (jobs: [WriteJob], completions: [@Sendable () -> Void]) {
        defer {
            jobs = []
            settling = []
            checks = []
        }
        return (jobs + settling.flatMap(\.jobs), settling.flatMap(\.completions))
    }
}

extension Turn.Settling {
    func holds(_ source: ObjectIdentifier) -> Bool { jobs.contains { $0.source == source } }
}
