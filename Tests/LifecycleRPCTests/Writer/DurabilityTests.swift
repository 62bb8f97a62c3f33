internal import LifecycleCore
internal import Synchronization
internal import Testing

@testable internal import LifecycleRPC

@Suite("What tells of a commit waits until the commit is durable")
struct DurabilityTests {
    /// What was told, and the kind of the error, if it was told with one.
    private final class Told: Sendable {
        private let list = Mutex<[String]>([])
        var all: [String] { list.withLock(\.self) }

        func note(_ name: String) -> Durability.Completion {
            { error in self.list.withLock { $0.append(error.map { "\(name): \($0.kind)" } ?? name) } }
        }
    }

    private let durability = Durability()
    private let told = Told()

    private func commit(_ number: UInt64) {
        durability.begin()
        durability.note(CommitNumber(number))
    }

    @Test("at once if nothing was committed, and in the order of the commits otherwise")
    func order() {
        durability.whenDurable(told.note("nothing"))
        #expect(told.all == ["nothing"])
        for number in 1...3 as ClosedRange<UInt64> {
            commit(number)
            durability.whenDurable(told.note("\(number)"))
        }
        #expect(told.all == ["nothing"])
        #expect(durability.pending == CommitNumber(3) && durability.isBehind)
        durability.reached(CommitNumber(2))
        #expect(told.all == ["nothing", "1", "2"])
        durability.reached(CommitNumber(3))
        #expect(told.all == ["nothing", "1", "2", "3"])
        #expect(durability.pending == nil && !durability.isBehind)
    }

    @Test("a read in the middle of a commit waits for it, and no longer if the commit is rolled back")
    func rolledBack() {
        durability.begin()
        durability.whenDurable(told.note("read"))
        #expect(durability.isBehind && told.all == [])
        durability.abandon()
        #expect(!durability.isBehind && told.all == ["read"])
        commit(1)
        durability.begin()
        durability.whenDurable(told.note("later read"))
        durability.abandon()
        #expect(told.all == ["read"])
        durability.reached(CommitNumber(1))
        #expect(told.all == ["read", "later read"])
    }

    @Test("after a failure everything is told of it, now and later")
    func failure() {
        commit(1)
        durability.whenDurable(told.note("write"))
        durability.fail(StorageError(.io, "the disk"))
        durability.whenDurable(told.note("read"))
        #expect(told.all == ["write: io", "read: io"])
    }
}
