internal import Testing

@testable internal import LifecycleRPC

@Suite("Which scan is next")
struct ScanQueueTests {
    /// A class, as `#expect` takes nothing that changes its value.
    private final class Queue {
        typealias Entry = ScanQueue<String>.Entry
        typealias Owner = ScanQueue<String>.Owner
        private var queue = ScanQueue<String>()
        var hasNext: Bool { queue.hasNext }
        var isEmpty: Bool { queue.isEmpty }
        func add(_ entry: Entry) { queue.add(entry) }
        func next() -> Entry? { queue.next() }
        func ended(_ entry: Entry, took time: Int64) { queue.ended(entry, took: time) }
        func cancel(_ owner: Owner) -> [Entry] { queue.cancel(owner) }
        func removeAll() -> [Entry] { queue.removeAll() }
    }

    /// Something for each connection to be known by.
    private final class Source {}

    private func entry(_ job: String, _ uid: UInt32?, _ source: Source?, isWhole: Bool = false) -> Queue.Entry {
        Queue.Entry(owner: Queue.Owner(uid: uid, source: source.map(ObjectIdentifier.init)), isWhole: isWhole, job: job)
    }

    @Test("a user has two threads at most, and another user the third")
    func twoOfAUser() throws {
        let queue = Queue()
        let sources = (0..<5).map { _ in Source() }
        for number in 0..<4 { queue.add(entry("bad\(number)", 1, sources[number])) }
        let first = try #require(queue.next())
        #expect(first.job == "bad0")
        #expect(queue.next()?.job == "bad1")
        #expect(!queue.hasNext)
        #expect(queue.next()?.job == nil)
        queue.add(entry("good", 2, sources[4]))
        #expect(queue.hasNext)
        #expect(queue.next()?.job == "good")
        queue.ended(first, took: 1000)
        #expect(queue.next()?.job == "bad2")
    }

    @Test("an audit and a backup leave a thread for lists, also for those of the same user")
    func whole() throws {
        let queue = Queue()
        let sources = (0..<4).map { _ in Source() }
        for (number, job) in ["audit", "backup", "audit again"].enumerated() {
            queue.add(entry(job, 0, sources[number], isWhole: true))
        }
        let audit = try #require(queue.next())
        #expect(queue.next()?.job == "backup")
        #expect(!queue.hasNext)
        queue.add(entry("list", 0, sources[3]))
        #expect(queue.next()?.job == "list")
        queue.ended(audit, took: 1)
        #expect(queue.next()?.job == "audit again")
    }

    @Test("who had the most of it waits for the others, users first")
    func fair() throws {
        let queue = Queue()
        let (a, b, c) = (Source(), Source(), Source())
        queue.add(entry("a", 1, a))
        queue.add(entry("b", 1, b))
        queue.add(entry("c", 2, c))
        let first = try #require(queue.next())
        #expect(first.job == "a")
        queue.add(entry("a again", 1, a))
        queue.ended(first, took: 5_000_000_000)
        #expect(queue.next()?.job == "c")
        #expect(queue.next()?.job == "b")
        #expect(queue.next()?.job == "a again")
    }

    @Test("those of who has gone are taken out, and all at the end")
    func cancel() {
        let queue = Queue()
        let (a, b) = (Source(), Source())
        queue.add(entry("a", 1, a))
        queue.add(entry("b", 1, b))
        queue.add(entry("page", nil, nil))
        queue.add(entry("verify", nil, nil, isWhole: true))
        #expect(queue.cancel(entry("", 1, a).owner).map(\.job) == ["a"])
        #expect(queue.cancel(entry("", 1, a).owner).isEmpty)
        #expect(Set(queue.removeAll().map(\.job)) == ["b", "page", "verify"])
        #expect(queue.isEmpty && !queue.hasNext)
    }
}
