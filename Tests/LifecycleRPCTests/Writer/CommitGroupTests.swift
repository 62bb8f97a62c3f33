internal import LifecycleCore
internal import LifecycleSQLite
internal import Testing

@testable internal import LifecycleRPC

@Suite("What becomes of the writes of a commit group")
struct CommitGroupTests {
    private let success = WriteOutcome(.success { $0.null() })

    /// The kinds of the errors; "done" and "postponed" for the others.
    private func outcomes(_ group: CommitGroup) -> [String] {
        group.outcomes.map { outcome in
            switch outcome?.result {
            case nil: "postponed"
            case .success: "done"
            case .failure(let error): error.kind.name
            }
        }
    }

    @Test("an attempt that is dropped leaves nothing but the writes that joined it")
    func dropped() {
        var group = CommitGroup([.numbered(1)])
        var attempt = CommitGroup.Attempt(group.jobs, in: group)
        attempt.finish(success)
        attempt.join([.numbered(2, from: Source())])
        group.join([.numbered(2)])
        attempt.postpone(until: Due(users: ["ann"]))
        #expect(!attempt.hasNext)
        #expect(group.jobs.map(\.number) == [1, 2])
        #expect(group.outcomes.isEmpty && group.due.isEmpty && group.postponedSources.isEmpty)
        group.commit(attempt)
        #expect(outcomes(group) == ["done", "postponed"])
        #expect(group.postponed.map(\.job.number) == [2])
        #expect(group.postponed.map(\.due.users) == [["ann"]])
    }

    @Test("later writes of a postponed write's source must wait, also in the next attempt; others need not")
    func mustWait() {
        let (connection, other) = (Source(), Source())
        var group = CommitGroup([.numbered(1, from: connection), .numbered(2, from: connection)])
        var first = CommitGroup.Attempt([group.jobs[0]], in: group)
        let isFree = first.mustWait(group.jobs[0])
        first.postpone(until: Due(users: ["ann"]))
        let mustWait = first.mustWait(group.jobs[1])
        group.commit(first)
        let second = CommitGroup.Attempt([group.jobs[1]], in: group)
        #expect(!isFree && mustWait && second.mustWait(group.jobs[1]))
        #expect(!second.mustWait(.numbered(3, from: other)) && !second.mustWait(.numbered(4)))
    }

    @Test("on a full disk those that charge are refused, and the others come after them, in their order")
    func fullDisk() {
        var group = CommitGroup([
            .numbered(1), .numbered(2, worksOnFullDisk: true), .numbered(3), .numbered(4, worksOnFullDisk: true),
        ])
        let left = group.refuseCharges()
        #expect(left.map(\.number) == [2, 4])
        #expect(group.jobs.map(\.number) == [1, 3, 2, 4])
        var attempt = CommitGroup.Attempt(left, in: group)
        #expect(!attempt.isCharge)
        attempt.finish(success)
        attempt.finish(success)
        group.commit(attempt)
        #expect(outcomes(group) == ["storageFull", "storageFull", "done", "done"])
    }

    @Test("each postponed write has the due projects that it met, over all transactions of the group")
    func dueProjects() {
        let connection = Source()
        var group = CommitGroup([.numbered(1), .numbered(2, from: connection), .numbered(3, from: connection)])
        var first = CommitGroup.Attempt([group.jobs[0]], in: group)
        #expect(first.isCharge)
        first.finish(success)
        group.commit(first)
        var second = CommitGroup.Attempt(Array(group.jobs.dropFirst()), in: group)
        second.postpone(until: Due(users: ["bob"]))
        second.postpone(until: nil)
        group.commit(second)
        #expect(group.postponed.map(\.job.number) == [2, 3])
        #expect(group.postponed.map(\.due.users) == [["bob"], []])
    }

    @Test("an error that is fatal is the group's failure; others are not")
    func failure() {
        var group = CommitGroup([.numbered(1), .numbered(2)])
        group.note(StorageError(.full, "full"))
        #expect(group.failure == nil)
        group.refuse(1, .storageFull)
        group.note(StorageError(.io, "io"))
        group.refuse(1, .outcomeUnknown)
        #expect(group.failure?.kind == .io)
        #expect(outcomes(group) == ["storageFull", "outcomeUnknown"])
    }
}

@Suite("How many writes may wait")
struct QueueLimitTests {
    @Test("is limited for callers, and not for the daemon itself")
    func limit() {
        let limit = QueueLimit(3)
        #expect(limit.admit(2).accepted == 2)
        #expect(limit.admit(2).accepted == 1)
        limit.admitOwn()
        #expect(limit.waiting == 4)
        let refused = limit.admit(1)
        #expect(refused.accepted == 0 && refused.refusal.kind == .busy)
        limit.release(2)
        #expect(limit.waiting == 2)
        #expect(limit.admit(9).accepted == 1)
    }

    @Test("is none after a close")
    func close() {
        let limit = QueueLimit(3)
        limit.close()
        let refused = limit.admit(1)
        #expect(refused.accepted == 0 && refused.refusal.message == RPCError.stopping.message)
    }
}

@Suite("What follows from a clock that was set")
struct ClockChangesTests {
    @Test("steps forwards count where a project was set back, up to the largest number", arguments: [false, true])
    func forward(mayBeSetBack: Bool) {
        var changes = ClockChanges()
        changes.mayBeSetBack = mayBeSetBack
        for step in [1000, 500, -200, 0] as [Int64] { changes.goForward(by: step) }
        #expect(changes.undone == (mayBeSetBack ? 1500 : 0))
        changes.goForward(by: .max)
        #expect(changes.undone == (mayBeSetBack ? .max : 0))
    }

    @Test("is done with the commit of the transaction that did it, and not with a rollback")
    func done() {
        var changes = ClockChanges()
        changes.mayBeSetBack = true
        changes.goForward(by: 1000)
        changes.noteDone()
        #expect(changes.undone == 0)
        changes.rollBack()
        #expect(changes.undone == 1000)
        changes.noteDone()
        changes.goForward(by: 5)
        changes.commit()
        #expect(changes.undone == 5)
    }
}
