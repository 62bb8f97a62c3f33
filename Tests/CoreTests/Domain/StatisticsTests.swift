internal import LifecycleCore
internal import Testing

@Suite("Statistics")
struct StatisticsTests {
    @Test("add up: the counts to the total, the credits to what was used")
    func sums() {
        var totals = Totals()
        totals[.pending] = .init(count: 1, credits: 10)
        totals[.processing] = .init(count: 2, credits: 20)
        totals[.completed] = .init(count: 3, credits: 30)
        totals[.failed] = .init(count: 1, credits: 40)
        totals.completedMilliseconds = 4500
        let stats = totals.statistics
        #expect(stats.total == 7)
        #expect(stats.byStatus.pending == 1)
        #expect(stats.byStatus.processing == 2)
        #expect(stats.byStatus.completed == 3)
        #expect(stats.byStatus.failed == 1)
        #expect(stats.creditsHeld == 30)
        #expect(stats.creditsCaptured == 30)
        #expect(stats.creditsRefunded == 40)
        #expect(stats.creditsUsed == 100)
        #expect(stats.successRate == 0.75)
        #expect(stats.averageSeconds == 1.5)
    }

    @Test("of nothing have zeros, and neither a rate nor an average")
    func nothing() {
        let stats = Totals().statistics
        #expect(stats == Statistics.blank)
        #expect(stats.successRate == nil)
        #expect(stats.averageSeconds == nil)
    }

    @Test("of failures alone have a rate of zero and no average")
    func failuresOnly() {
        var totals = Totals()
        totals[.failed] = .init(count: 5, credits: 0)
        #expect(totals.statistics.successRate == 0)
        #expect(totals.statistics.averageSeconds == nil)
    }

    @Test("stop at the greatest number instead of trapping")
    func saturate() {
        var totals = Totals()
        for status in Status.allCases { totals[status] = .init(count: .max, credits: .max) }
        totals.completedMilliseconds = .max
        #expect(totals.statistics.total == .max)
        #expect(totals.statistics.creditsUsed == .max)
        #expect(totals.statistics.successRate.map { (0...1).contains($0) } == true)
    }
}
