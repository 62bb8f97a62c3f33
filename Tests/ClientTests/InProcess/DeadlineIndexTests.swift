internal import LifecycleCore
internal import TestSupport
internal import Testing

@testable internal import LifecycleClient

@Suite("What is due, in order")
struct DeadlineIndexTests {
    @Test(
        "deadlines are found in order, also when they move and when many are alike", arguments: 0..<20 as Range<UInt64>)
    func deadlines(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var index = DeadlineIndex()
        var expected: [DeadlineIndex.Key] = []
        for row in 1...300 as ClosedRange<Int64> {
            let deadline = Timestamp(milliseconds: Int64.random(in: 0..<40, using: &random))
            let key = DeadlineIndex.Key(deadline: deadline, row: row)
            index.insert(key)
            expected.append(key)
            if Int.random(in: 0..<3, using: &random) == 0 {
                index.remove(expected.remove(at: Int.random(in: 0..<expected.count, using: &random)))
            }
            let now = Timestamp(milliseconds: Int64.random(in: 0..<40, using: &random))
            let due = expected.filter { $0.deadline <= now }.sorted()
            #expect(index.due(at: now, limit: 10) == Array(due.prefix(10)))
        }
        #expect(index.due(at: Timestamp(milliseconds: .max), limit: .max) == expected.sorted())
    }
}
