internal import LifecycleCore
internal import Testing

@testable import LifecycleRPC
@testable import LifecycleSQLite

@Suite("A project's lease is held by the last connection that attached")
struct LeaseHoldersTests {
    private final class Connection {}
    private let a = Connection()
    private let b = Connection()
    private let first = ProjectID(high: 0x7000, low: 1)
    private let second = ProjectID(high: 0x7000, low: 2)

    @Test("the end of a connection loses what it holds, and nothing that another took over or that has ended")
    func end() {
        var holders = LeaseHolders()
        let third = ProjectID(high: 0x7000, low: 3)
        for project in [first, second, third, first] { holders.attach(project, to: ObjectIdentifier(a)) }
        holders.attach(second, to: ObjectIdentifier(b))
        holders.release(third)
        #expect(holders.isHeld(first) && holders.isHeld(second) && !holders.isHeld(third))
        #expect(holders.end(ObjectIdentifier(a)) == [first])
        #expect(!holders.isHeld(first))
        #expect(holders.end(ObjectIdentifier(a)).isEmpty)
        #expect(holders.end(ObjectIdentifier(b)) == [second])
    }

    @Test("what is given back to the first is its own again")
    func backAndForth() {
        var holders = LeaseHolders()
        for connection in [a, b, a] { holders.attach(first, to: ObjectIdentifier(connection)) }
        #expect(holders.end(ObjectIdentifier(b)).isEmpty)
        #expect(holders.end(ObjectIdentifier(a)) == [first])
        holders.release(first)
        #expect(!holders.isHeld(first))
    }
}

@Suite("Signs of life that wait go back with the transaction")
struct PendingBeatsTests {
    private func beat(_ progress: Double?, _ message: String? = nil, at: Int64) -> Beat {
        Beat(
            progress: progress, message: message, deadline: Timestamp(milliseconds: at + 20),
            at: Timestamp(milliseconds: at))
    }

    @Test("to where a request began, and to where the transaction began")
    func rollBack() {
        var beats = PendingBeats()
        beats.add(beat(0.1, "a", at: 1), of: 1)
        beats.commit()
        beats.add(beat(0.2, at: 2), of: 1)
        let mark = beats.mark
        #expect(beats.take(1) == beat(0.2, "a", at: 2))
        beats.add(beat(nil, "b", at: 3), of: 1)
        beats.add(beat(0.5, at: 3), of: 2)
        #expect(beats.take(2)?.progress == 0.5)
        beats.rollBack(to: mark)
        #expect(beats.rows == [1])
        beats.rollBack(to: 0)
        #expect(beats.take(1) == beat(0.1, "a", at: 1))
        beats.commit()
        beats.rollBack(to: 0)
        #expect(beats.isEmpty)
    }
}
