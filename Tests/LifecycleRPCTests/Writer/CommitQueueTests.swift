internal import LifecycleCore
internal import LifecycleSQLite
internal import TestSupport
internal import Testing

@testable internal import LifecycleRPC

@Suite("What waits for the writer")
struct CommitQueueTests {
    private let callbacks = CallCounter()
    private let projects = [Due(projects: [ProjectID(1)]), Due(projects: [ProjectID(2)])]

    /// The numbers of the writes that the next commit group gets.
    private func next(_ queue: inout CommitQueue, atMost most: Int = 100) -> [Int] {
        queue.nextJobs(atMost: most).map(\.number)
    }

    /// Finishes the next expiry.
    /// - Returns: what was to be expired; nil: nothing.
    private func expire(
        _ queue: inout CommitQueue, isMergeable: Bool, isSomethingDue: Bool = false, isDone: Bool = true
    ) -> Due? {
        guard let next = queue.nextExpiry(isMergeable: isMergeable, isSomethingDue: isSomethingDue) else { return nil }
        for completion in queue.finish(next, isDone: isDone) { completion() }
        return next.due
    }

    @Test("writes are taken in their order, as many as are asked for")
    func order() {
        var queue = CommitQueue()
        queue.add(.write([.numbered(1), .numbered(2)]))
        queue.add(.write([.numbered(3)]))
        let taken = [2, 0, 5, 1].map { next(&queue, atMost: $0) }
        #expect(taken == [[1, 2], [], [3], []])
        #expect(queue.isIdle)
    }

    @Test("a postponed write runs after its expiry and before all that waits, and later writes of its source follow it")
    func postponed() {
        let (connection, other) = (Source(), Source())
        var queue = CommitQueue()
        queue.postpone([.numbered(1, from: connection)], until: projects[0])
        queue.add(.write([.numbered(2, from: other), .numbered(3, from: connection), .numbered(4)]))
        let before = next(&queue)
        queue.add(.write([.numbered(5)]))
        let due = expire(&queue, isMergeable: false)
        let after = next(&queue)
        #expect(before == [2, 4])
        #expect(due?.projects == [ProjectID(1)])
        #expect(after == [1, 3, 5])
        #expect(queue.isIdle)
    }

    @Test("reads that met some projects share an expiry; those that asked for a user or for everything do not")
    func merged() {
        var queue = CommitQueue()
        for (index, due) in (projects + [Due(users: ["ann"]), Due(isEverything: true)] + projects).enumerated() {
            queue.add(.expire(due, callbacks.callback("\(index)")))
        }
        let small = expire(&queue, isMergeable: true)
        #expect(small?.projects == [1, 2, 1, 2].map { ProjectID($0) })
        #expect(callbacks.called == ["0", "1", "4", "5"])
        let others = [expire(&queue, isMergeable: false), expire(&queue, isMergeable: false)]
        #expect(others[0]?.users == ["ann"])
        #expect(others[1]?.isEverything == true)
        #expect(callbacks.called == ["0", "1", "4", "5", "2", "3"])
        #expect(queue.isIdle)
    }

    @Test("an expiry that is full takes no further projects")
    func full() {
        var queue = CommitQueue()
        queue.add(.expire(Due(projects: (0..<500).map { ProjectID($0) }), callbacks.callback("many")))
        queue.add(.expire(projects[0], callbacks.callback("one")))
        let sizes = [expire(&queue, isMergeable: true), expire(&queue, isMergeable: true)].map { $0?.projects.count }
        #expect(sizes == [500, 1])
    }

    @Test("an expiry that is not done goes behind the others, and calls back once when it is")
    func turns() {
        var queue = CommitQueue()
        queue.add(.expire(Due(users: ["many"]), callbacks.callback("many")))
        queue.add(.expire(Due(users: ["ann"]), callbacks.callback("ann")))
        let users = [false, true, true].map { expire(&queue, isMergeable: false, isDone: $0)?.users }
        #expect(users == [["many"], ["ann"], ["many"]])
        #expect(callbacks.called == ["ann", "many"])
    }

    @Test("when something is due, everything is expired once, though nobody waits for it")
    func everything() {
        var queue = CommitQueue()
        let nothing = expire(&queue, isMergeable: false, isSomethingDue: false)
        let first = expire(&queue, isMergeable: false, isSomethingDue: true, isDone: false)
        let second = expire(&queue, isMergeable: false, isSomethingDue: true)
        let third = expire(&queue, isMergeable: false, isSomethingDue: false)
        #expect(nothing == nil && third == nil)
        #expect(first?.isEverything == true && second?.isEverything == true)
    }

    @Test("after a close only what somebody waits for is expired")
    func close() {
        var queue = CommitQueue()
        let first = expire(&queue, isMergeable: false, isSomethingDue: true, isDone: false)
        queue.add(.close(by: .now, { _ in }))
        queue.add(.expire(Due(users: ["ann"]), callbacks.callback("ann")))
        let second = expire(&queue, isMergeable: false, isSomethingDue: true)
        let third = expire(&queue, isMergeable: false, isSomethingDue: true)
        #expect(first?.isEverything == true)
        #expect(second?.users == ["ann"])
        #expect(third == nil)
        #expect(queue.isIdle && queue.close != nil && queue.closesBy != nil)
    }

    @Test("checks wait while the event loop is asked whether it runs, but not at a close")
    func checks() {
        var queue = CommitQueue()
        var asked = 0
        func mayExpire(_ isSomethingDue: Bool) -> Bool { queue.mayExpire(isSomethingDue) { asked += 1 } }
        func answer() { for check in queue.nextChecks() { check() } }
        queue.add(.check(callbacks.callback("idle")))
        answer()
        #expect(callbacks.called == ["idle"])
        let may = [mayExpire(false), mayExpire(true), mayExpire(true)]
        #expect(may == [false, false, false])
        #expect(asked == 1)
        queue.add(.check(callbacks.callback("asked")))
        answer()
        #expect(callbacks.called == ["idle"])
        queue.add(.loopRuns)
        answer()
        #expect(callbacks.called == ["idle", "asked"])
        let isAllowed = mayExpire(true)
        #expect(isAllowed)
        // It is asked again for the next due project.
        let later = [mayExpire(false), mayExpire(true)]
        #expect(later == [false, false])
        #expect(asked == 2)
        queue.add(.check(callbacks.callback("closing")))
        queue.add(.close(by: .now, { _ in }))
        answer()
        #expect(callbacks.called == ["idle", "asked", "closing"])
    }

    @Test("what is given up is all that waits, except checks")
    func givenUp() {
        let connection = Source()
        var queue = CommitQueue()
        queue.postpone([.numbered(1, from: connection)], until: projects[0])
        queue.add(.write([.numbered(2, from: connection), .numbered(3)]))
        queue.add(.expire(projects[1], callbacks.callback("read")))
        queue.add(.check(callbacks.callback("check")))
        let (jobs, completions) = queue.removeAll()
        for completion in completions { completion() }
        let checks = queue.nextChecks()
        #expect(jobs.map(\.number).sorted() == [1, 2, 3])
        #expect(callbacks.called == ["read"])
        #expect(checks.isEmpty && queue.isIdle)
    }

    @Test(
        "every write is done once and in the order of its source, whatever is postponed",
        arguments: 0..<200 as Range<UInt64>)
    func conservation(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let sources = [Source(), Source(), Source()]
        var queue = CommitQueue()
        var done: [Int] = []
        var sent = 0
        var owner: [Int: Int] = [:]
        func expire() {
            for isMergeable in [true, false] {
                let isDone = Bool.random(using: &random)
                if let next = queue.nextExpiry(isMergeable: isMergeable, isSomethingDue: false) {
                    for completion in queue.finish(next, isDone: isDone) { completion() }
                }
            }
        }
        func commit() {
            var group = CommitGroup(queue.nextJobs(atMost: Int.random(in: 1...5, using: &random)))
            var attempt = CommitGroup.Attempt(group.jobs, in: group)
            while let job = attempt.next {
                let isPostponed = attempt.mustWait(job) || Int.random(in: 0..<4, using: &random) == 0
                if isPostponed { attempt.postpone(until: Due(users: ["ann"])) } else { done.append(job.number) }
                attempt.finish(isPostponed ? nil : WriteOutcome(.success { $0.null() }))
            }
            group.commit(attempt)
            queue.postpone(group.postponed, until: group.due)
        }
        for _ in 0..<60 {
            switch Int.random(in: 0..<4, using: &random) {
            case 0:
                let source = Int.random(in: 0..<sources.count, using: &random)
                owner[sent] = source
                queue.add(.write([.numbered(sent, from: sources[source])]))
                sent += 1
            case 1: queue.add(.expire(projects[0], callbacks.callback("read")))
            case 2: expire()
            default: commit()
            }
        }
        while !queue.isIdle {
            expire()
            commit()
        }
        #expect(done.sorted() == Array(0..<sent))
        for source in sources.indices {
            let own = done.filter { owner[$0] == source }
            #expect(own == own.sorted())
        }
    }
}
