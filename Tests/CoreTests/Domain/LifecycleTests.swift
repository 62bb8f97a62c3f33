internal import LifecycleCore
internal import Testing

@Suite("Lifecycle")
struct LifecycleTests {
    static let table: [(Status, Status, Lifecycle.Decision)] = [
        (.pending, .pending, .invalid),
        (.pending, .processing, .start),
        (.pending, .completed, .finish(startedToo: true)),
        (.pending, .failed, .finish(startedToo: false)),
        (.processing, .pending, .invalid),
        (.processing, .processing, .renew),
        (.processing, .completed, .finish(startedToo: false)),
        (.processing, .failed, .finish(startedToo: false)),
        (.completed, .pending, .invalid),
        (.completed, .processing, .contradicted),
        (.completed, .completed, .alreadySo),
        (.completed, .failed, .contradicted),
        (.failed, .pending, .invalid),
        (.failed, .processing, .contradicted),
        (.failed, .completed, .contradicted),
        (.failed, .failed, .alreadySo),
    ]

    @Test("what a report does in each status", arguments: table)
    func decision(_ from: Status, _ report: Status, _ expected: Lifecycle.Decision) {
        #expect(Lifecycle.decide(from: from, report: report) == expected)
        #expect(expected.isAccepted == (expected != .invalid && expected != .contradicted))
    }

    @Test("the table has every pair")
    func complete() {
        #expect(Set(Self.table.map { "\($0.0) \($0.1)" }).count == Status.allCases.count * Status.allCases.count)
    }

    @Test("the words of the wire are these four, and two of them are the end")
    func words() {
        #expect(Status.allCases.map(\.rawValue) == ["pending", "processing", "completed", "failed"])
        #expect(Status.allCases.filter(\.isTerminal) == [.completed, .failed])
        #expect(Status.reportable == [.processing, .completed, .failed])
    }
}

@Suite("Deadlines")
struct TermsTests {
    static let created = Timestamp(milliseconds: 1_000_000)

    /// Status, own terms, milliseconds from the creation to the last report and to the deadline; the defaults are 3600,
    /// 600 and 21600 seconds.
    static let table: [(Status, Terms, Int64, Int64?)] = [
        (.pending, Terms(), 0, 3_600_000),
        (.pending, Terms(), 5000, 3_600_000),
        (.pending, Terms(startTimeout: 7), 0, 7000),
        (.pending, Terms(startTimeout: 100_000), 0, 21_600_000),
        (.pending, Terms(startTimeout: 100_000, maximumRuntime: 50), 0, 50_000),
        (.pending, Terms(lease: 1), 0, 3_600_000),
        (.processing, Terms(), 0, 600_000),
        (.processing, Terms(), 5001, 605_001),
        (.processing, Terms(startTimeout: 1), 5001, 605_001),
        (.processing, Terms(lease: 30), 5001, 35_001),
        (.processing, Terms(), 21_599_999, 21_600_000),
        (.processing, Terms(lease: 30, maximumRuntime: 31), 5000, 31_000),
        (.processing, Terms(lease: .max, maximumRuntime: 31), 5000, 31_000),
        (.completed, Terms(), 0, nil),
        (.failed, Terms(), 0, nil),
    ]

    @Test("the earliest of what applies", arguments: table)
    func deadline(_ status: Status, _ terms: Terms, _ lastReport: Int64, _ expected: Int64?) {
        let deadline = terms.deadline(
            status, createdAt: Self.created, lastReport: Timestamp(milliseconds: 1_000_000 + lastReport),
            limits: Limits())
        #expect(deadline?.milliseconds == expected.map { 1_000_000 + $0 })
    }

    @Test(
        "adding seconds stops at the ends instead of trapping",
        arguments: [
            (0, .max, .max), (.max, 1, .max), (.min, -1, .min), (0, .min, .min), (-5000, 5, 0), (.max, 0, .max),
            (.min, .max, .max), (.max, .min, .min), (1, 9_223_372_036_854_775, 9_223_372_036_854_775_001),
        ] as [(Int64, Int64, Int64)])
    func saturates(_ milliseconds: Int64, _ seconds: Int64, _ expected: Int64) {
        #expect(Timestamp(milliseconds: milliseconds).adding(seconds: seconds).milliseconds == expected)
    }
}
