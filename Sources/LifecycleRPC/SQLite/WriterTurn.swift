internal import DequeModule
internal import LifecycleCore

/// What the writer thread is told.
enum WriterLetter: Sendable {
    case write([WriteJob])
    case check(@Sendable () -> Void)
    case settle(Due, @Sendable () -> Void)
    /// It may be time for something.
    case tick
    case close(@Sendable (StorageError?) -> Void)
}

/// What the writer has read and not done. The writer thread's own.
struct Turn {
    private var jobs = Deque<WriteJob>()
    var checks: [@Sendable () -> Void] = []
    var settling = Deque<(due: Due, completion: (@Sendable () -> Void)?)>()
    private(set) var close: (@Sendable (StorageError?) -> Void)?

    /// Nothing is left to be done at once.
    var isIdle: Bool { jobs.isEmpty && settling.isEmpty }

    mutating func take(_ letters: Deque<WriterLetter>) {
        for letter in letters {
            switch letter {
            case .write(let more): jobs += more
            case .check(let completion): checks.append(completion)
            case .settle(let due, let completion): settling.append((due, completion))
            case .tick: break
            case .close(let completion): close = completion
            }
        }
    }

    mutating func nextJobs(_ most: Int) -> [WriteJob] {
        let next = Array(jobs.prefix(most))
        jobs.removeFirst(next.count)
        return next
    }

    /// Proves that the thread and the files are alive, to who asked.
    mutating func answerChecks(_ writer: Writer) throws(StorageError) {
        guard !checks.isEmpty else { return }
        try writer.check()
        for check in checks { check() }
        checks = []
    }
}

/// When the writer wants to be woken though nobody asks for anything. The writer thread's own.
struct WriterAlarm {
    /// How long a sign of life waits for others before it is written.
    static let beatPause: Int64 = 1

    private var beatsAt: Timestamp?
    private var setFor: Timestamp?

    mutating func isTimeForBeats(_ writer: Writer) -> Bool {
        let now = writer.context(.daemon).now
        guard !writer.transaction.beats.isEmpty else {
            beatsAt = nil
            return false
        }
        guard let time = beatsAt else {
            beatsAt = now.adding(seconds: Self.beatPause)
            return false
        }
        // Also when the clock went back.
        guard time <= now || time > now.adding(seconds: Self.beatPause) else { return false }
        beatsAt = nil
        return true
    }

    /// Asks to be woken when the next thing is due, unless that was asked already.
    mutating func set(_ writer: Writer, _ schedule: (Duration) -> Void) {
        let now = writer.context(.daemon).now
        let next = min(beatsAt ?? Timestamp(milliseconds: .max), writer.nextDeadline.time)
        if let setFor, setFor > now, setFor <= next { return }
        setFor = next
        guard next.milliseconds < .max else { return }
        // A clock that is set meanwhile makes it early or late, as far as that goes: the time that passes is what counts.
        let delay = max(1, next.milliseconds.subtractingReportingOverflow(now.milliseconds).partialValue)
        schedule(.milliseconds(min(delay, 86_400_000)))
    }
}
