internal import TestSupport
internal import Testing

@testable internal import LifecycleRPC

@Suite("Whose turn it is on a thread that many share")
struct FairQueueTests {
    private static let share: Int64 = 250

    /// Serves those that are there, each of whom has always more to do.
    private final class Thread {
        var queue = FairQueue<Int, String>(credit: 2000, debt: 50_000)
        var served: [String: Int64] = [:]
        var groups: [String: Int] = [:]
        var now: Int64 = 0
        var costs: [String: Int64] = [:]

        func come(_ member: String, of group: Int, cost: Int64 = share) {
            groups[member] = group
            costs[member] = cost
            queue.add(member, of: group)
        }

        /// - Returns: who was served.
        @discardableResult
        func serve() -> String? {
            guard let (group, member) = queue.next() else { return nil }
            let cost = costs[member] ?? 0
            now += cost
            served[member, default: 0] += cost
            queue.charge(member, of: group, cost)
            return member
        }

        /// - Returns: when it had been served, since it came.
        func wait(for newcomer: String) -> Int64 {
            let start = now
            while let member = serve() {
                if member == newcomer { return now - start }
                queue.add(member, of: groups[member] ?? 0)
            }
            return -1
        }

        func run(until end: Int64) {
            while now < end, let member = serve() { queue.add(member, of: groups[member] ?? 0) }
        }
    }

    @Test("a user's hundred connections take no more than the one of another user")
    func users() {
        let thread = Thread()
        for number in 0..<100 { thread.come("bad\(number)", of: 1) }
        thread.come("good", of: 2)
        thread.run(until: 1_000_000)
        let good = thread.served["good"] ?? 0
        #expect((490_000...510_000).contains(good))
    }

    @Test("connections of one user have the same time each, whatever their steps take")
    func connections() {
        let thread = Thread()
        for number in 0..<10 { thread.come("\(number)", of: 1, cost: Int64(100 + 300 * number)) }
        thread.run(until: 1_000_000)
        for number in 0..<10 {
            #expect((90_000...110_000).contains(thread.served["\(number)"] ?? 0), "\(number)")
        }
    }

    @Test("who comes with little to do does not wait for the many who have much", arguments: [1, 2])
    func newcomer(_ group: Int) {
        let thread = Thread()
        for number in 0..<100 { thread.come("bad\(number)", of: 1) }
        thread.run(until: 500_000)
        // One request after the other, and little in all: at once, each time.
        for turn in 0..<20 {
            thread.come("good", of: group, cost: 20)
            #expect(thread.wait(for: "good") <= 2 * Self.share, "\(turn)")
            thread.run(until: thread.now + 1000)
        }
    }

    @Test("who asks again and again has a turn in each round, though ever new ones come")
    func noStarvation() {
        let thread = Thread()
        for number in 0..<100 { thread.come("bad\(number)", of: 1) }
        thread.come("good", of: 1, cost: 50)
        var (next, last, longest) = (100, Int64(0), Int64(0))
        while thread.now < 2_000_000, let member = thread.serve() {
            if member == "good" {
                longest = max(longest, thread.now - last)
                last = thread.now
                thread.queue.add(member, of: 1)
            } else {
                // It goes, and another comes in its place.
                thread.queue.forget(member, of: 1)
                thread.come("bad\(next)", of: 1)
                next += 1
            }
        }
        #expect(last > 1_900_000)
        #expect(longest < 40_000)
    }

    @Test("of equals who expects to take less comes first")
    func expected() {
        var queue = FairQueue<Int, String>(credit: 2000, debt: 50_000)
        queue.add("line", of: 1, expecting: 3_000_000)
        queue.add("word", of: 1, expecting: 100)
        let order = [queue.next()?.member, queue.next()?.member, queue.next()?.member]
        #expect(order == ["word", "line", nil])
        #expect(queue.isEmpty)
    }

    @Test("one step that took very long does not keep its connection out for ever")
    func debt() {
        let thread = Thread()
        thread.come("long", of: 1, cost: 10_000_000)
        thread.serve()
        thread.costs["long"] = Self.share
        for number in 0..<9 { thread.come("\(number)", of: 1) }
        thread.queue.add("long", of: 1)
        #expect(thread.wait(for: "long") <= 10 * 50_000 + 10 * Self.share)
    }

    @Test("whoever may not come is passed over, and those who have gone are forgotten")
    func passedOver() {
        var queue = FairQueue<Int, String>(credit: 0, debt: 100)
        for (member, group) in [("a", 1), ("b", 1), ("c", 2)] { queue.add(member, of: group) }
        let ofTwo = queue.next { group, _ in group == 2 }?.member
        let isB = queue.next { _, member in member == "b" }?.member
        #expect(ofTwo == "c" && isB == "b")
        #expect(queue.first { _, _ in false }?.member == nil)
        #expect(queue.count == 1)
        let waited = [queue.forget("a", of: 1), queue.forget("a", of: 1), queue.forget("c", of: 2)]
        #expect(waited == [true, false, false])
        queue.charge("c", of: 2, 10)
        #expect(queue.isEmpty)
    }
}
