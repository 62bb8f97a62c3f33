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

    /// Finishes the expiries of the next transaction.
    /// - Parameter isDone: as `CommitQueue.finish` has it; `nil` if all are done.
    /// - Returns: what was to be expired.
    @discardableResult
    private func expire(
        _ queue: inout CommitQueue, isSomethingDue: Bool = false, isDone: [Bool?]? = nil
    ) -> [Due] {
        let taken = queue.takeExpiries(isSomethingDue: isSomethingDue)
        for completion in queue.finish(taken, isDone: isDone ?? taken.map { _ in true }) { completion() }
        return taken.map(\.due)
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
        queue.postpone(.numbered(1, from: connection), until: projects[0])
        queue.add(.write([.numbered(2, from: other), .numbered(3, from: connection), .numbered(4)]))
        let before = next(&queue)
        queue.add(.write([.numbered(5)]))
        let due = expire(&queue)
        let after = next(&queue)
        #expect(before == [2, 4])
        #expect(due == [projects[0]])
        #expect(after == [1, 3, 5])
        #expect(queue.isIdle)
    }

    @Test("writes that met the same due projects wait for one expiry; those of another user do not wait for it")
    func postponedByUser() {
        var queue = CommitQueue()
        let (ann, many) = (Due(users: ["ann"]), Due(users: ["many"]))
        for (number, due) in [many, ann, many].enumerated() { queue.postpone(.numbered(number), until: due) }
        let dues = expire(&queue, isDone: [false, true])
        let first = next(&queue)
        expire(&queue)
        let second = next(&queue)
        #expect(dues == [many, ann])
        #expect(first == [1] && second == [0, 2])
    }

    @Test("expiries that had no room are first in the next transaction, and the rest comes after them")
    func turns() {
        var queue = CommitQueue()
        for user in ["many", "ann", "bob"] {
            queue.add(.expire(Due(users: [user]), callbacks.callback(user)))
        }
        let rounds = [
            expire(&queue, isDone: [false, true, nil]), expire(&queue, isDone: [true, false]), expire(&queue),
            expire(&queue),
        ].map { $0.flatMap(\.users) }
        #expect(rounds == [["many", "ann", "bob"], ["bob", "many"], ["many"], []])
        #expect(callbacks.called == ["ann", "bob", "many"])
        #expect(queue.isIdle)
    }

    @Test("when something is due, everything is expired once, though nobody waits for it")
    func everything() {
        var queue = CommitQueue()
        let everything = Due(isEverything: true)
        let before = [expire(&queue), expire(&queue, isSomethingDue: true, isDone: [false])]
        let isIdle = queue.isIdle
        let after = [expire(&queue), expire(&queue)]
        #expect(before == [[], [everything]])
        #expect(!isIdle && queue.isIdle)
        #expect(after == [[everything], []])
    }

    @Test("what nobody waits for comes after what somebody waits for, also when it is older")
    func unrequestedIsLast() {
        var queue = CommitQueue()
        expire(&queue, isSomethingDue: true, isDone: [nil])
        queue.add(.expire(Due(users: ["ann"]), callbacks.callback("ann")))
        let dues = expire(&queue)
        #expect(dues == [Due(users: ["ann"]), Due(isEverything: true)])
    }

    @Test("after a close only what somebody waits for is expired")
    func close() {
        var queue = CommitQueue()
        let first = expire(&queue, isSomethingDue: true, isDone: [false])
        queue.add(.close(by: .now, { _ in }))
        queue.add(.expire(Due(users: ["ann"]), callbacks.callback("ann")))
        let second = expire(&queue, isSomethingDue: true)
        let third = expire(&queue, isSomethingDue: true)
        #expect(first == [Due(isEverything: true)])
        #expect(second == [Due(users: ["ann"])])
        #expect(third.isEmpty)
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
        queue.postpone(.numbered(1, from: connection), until: projects[0])
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
            let taken = queue.takeExpiries(isSomethingDue: false)
            let isDone = taken.map { _ in [true, false, nil].randomElement(using: &random) ?? nil }
            for completion in queue.finish(taken, isDone: isDone) { completion() }
        }
        func commit() {
            var group = CommitGroup(queue.nextJobs(atMost: Int.random(in: 1...5, using: &random)))
            var attempt = CommitGroup.Attempt(group.jobs, in: group)
            while let job = attempt.next {
                let isPostponed = attempt.mustWait(job) || Int.random(in: 0..<4, using: &random) == 0
                guard !isPostponed else {
                    let user = ["ann", "bob"][Int.random(in: 0...1, using: &random)]
                    attempt.postpone(until: attempt.mustWait(job) ? nil : Due(users: [user]))
                    continue
                }
                done.append(job.number)
                attempt.finish(WriteOutcome(.success { $0.null() }))
            }
            group.commit(attempt)
            for (job, due) in group.postponed { queue.postpone(job, until: due) }
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
