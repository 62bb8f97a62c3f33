import LifecycleCore

/// A writer whose transactions do nothing: what comes of each is read from the bytes.
struct QueuedWriter {
    private var bytes: ArraySlice<UInt8>
    private var queue = CommitQueue()
    private let connections = (0..<4).map { _ in Connection() }
    private var written = 0
    private var answers = Answers()
    private let waiting = Callbacks()

    private final class Connection: Sendable {}

    init(_ bytes: UnsafeBufferPointer<UInt8>) { self.bytes = Array(bytes)[...] }

    mutating func play() {
        while let step = bytes.popFirst() {
            let argument = Int(step >> 3)
            switch step & 7 {
            case 0, 1: receive(argument & 3 + 1, from: argument >> 2)
            case 2, 3: commitGroup(atMost: argument + 1)
            case 4: expire(isSomethingDue: argument & 1 == 1, isRefused: argument & 6 == 6)
            case 5: queue.add(.expire(due(argument), waiting.make()))
            case 6: queue.add(argument & 1 == 1 ? .loopRuns : .check(waiting.make()))
            default:
                _ = queue.mayExpire(argument & 1 == 1) {}
                waiting.call(queue.nextChecks())
            }
        }
    }

    /// The writer works until nothing is left, or gives all up.
    mutating func stop() {
        if written % 4 == 3 { queue.add(.close(by: .now, { _ in })) }
        if written % 4 == 2 {
            let left = queue.removeAll()
            for job in left.jobs { answers.refuse(job.number) }
            waiting.call(left.completions)
            require(answers.count == written, "\(answers.count) of \(written) writes are answered")
            return
        }
        // A round runs all writes that nothing delays, and lets those run that met due projects.
        for _ in 0...written {
            commitGroup(atMost: .max)
            expire(isSomethingDue: false, isRefused: false)
        }
        queue.add(.loopRuns)
        waiting.call(queue.nextChecks())
        require(queue.isIdle, "the queue is not empty when all is done")
        require(answers.count == written, "\(answers.count) of \(written) writes are answered")
        require(waiting.areAllCalled, "somebody waits for ever")
    }

    private mutating func receive(_ count: Int, from source: Int) {
        let connection = source < connections.count ? ObjectIdentifier(connections[source]) : nil
        let jobs = (0..<count).map { WriteJob.numbered(written + $0, from: connection) }
        written += count
        queue.add(.write(jobs))
    }

    /// Runs a group as `Writer` does; by the next bytes some of its writes meet due projects.
    private mutating func commitGroup(atMost most: Int) {
        let jobs = queue.nextJobs(atMost: most)
        require(jobs.count <= most, "\(jobs.count) writes were taken, and at most \(most) asked for")
        var group = CommitGroup(jobs)
        var attempt = CommitGroup.Attempt(jobs, in: group)
        while let job = attempt.next {
            let byte = Int(bytes.popFirst() ?? 0)
            if attempt.mustWait(job) {
                attempt.postpone(until: nil)
            } else if byte & 3 == 3 {
                attempt.postpone(until: due(byte >> 2))
            } else {
                attempt.finish(WriteOutcome(.success { $0.null() }))
            }
            guard !attempt.hasNext, byte & 4 == 4 else { continue }
            let late = queue.nextJobs(atMost: 2)
            attempt.join(late)
            group.join(late)
        }
        group.commit(attempt)
        require(group.outcomes.count == group.jobs.count, "a write has no outcome")
        for (job, due) in group.postponed { queue.postpone(job, until: due) }
        for case (let job, .some) in zip(group.jobs, group.outcomes) { answers.note(job.number, job.source) }
    }

    /// One transaction of expiries. A refused one answers the writes that wait for it.
    private mutating func expire(isSomethingDue: Bool, isRefused: Bool) {
        var taken = queue.takeExpiries(isSomethingDue: isSomethingDue)
        let isDone = taken.map { _ in
            let byte = bytes.popFirst() ?? 0
            return isRefused || byte % 3 == 0 ? true : byte % 3 == 1 ? false : nil
        }
        if isRefused {
            for index in taken.indices {
                for job in taken[index].takeJobs() { answers.note(job.number, job.source) }
            }
        }
        waiting.call(queue.finish(taken, isDone: isDone))
    }

    private func due(_ number: Int) -> Due {
        switch number % 6 {
        case 0: Due(isEverything: true)
        case 1, 2: Due(users: ["user \(number % 6)"])
        default: Due(projects: [ProjectID(high: 0, low: UInt64(number % 6))])
        }
    }
}

extension WriteJob {
    fileprivate static func numbered(_ number: Int, from source: ObjectIdentifier?) -> WriteJob {
        WriteJob(
            worksOnFullDisk: false, caller: Caller(uid: 0, gid: 0, pid: Int32(number), roles: []), source: source,
            run: { _, _ in { $0.null() } }, completion: { _ in })
    }

    fileprivate var number: Int { Int(caller.pid) }
}
