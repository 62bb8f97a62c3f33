internal import LifecycleCore
internal import TestSupport
internal import Testing

@testable internal import LifecycleRPC

@Suite("The order of one connection's requests")
struct RequestSequenceTests {
    /// Carries a sequence out as a connection does, and notes what happens.
    private struct Runner {
        enum Output: Equatable {
            case beginBatch, endBatch
            case answer(Int)
        }

        var sequence = RequestSequence(reading: { TestCall.call($0) })
        var hasPeer = true
        var skipped: [Int] = []
        var output: [Output] = []
        /// Started and not finished: the ticket, the number, and whether it is a scan.
        var running: [(ticket: Int, number: Int, isScan: Bool)] = []
        /// Writes in the order in which they were started.
        var started: [Int] = []
        var mostRunning = 0
        /// Broken rules.
        var faults: [String] = []
        private var lastNumber = -1

        mutating func work() {
            while let step = sequence.next(hasPeer: hasPeer) {
                switch step {
                case .beginBatch: output.append(.beginBatch)
                case .endBatch: output.append(.endBatch)
                case .answer(let call, let outcome):
                    let number = TestCall.number(outcome) ?? -1
                    if call.method != "\(number)" { faults.append("\(call.method ?? "") got the answer of \(number)") }
                    output.append(.answer(number))
                case .skip(let call): skipped.append(Int(call.method ?? "") ?? -1)
                case .read(let call, _):
                    if !running.isEmpty { faults.append("a read ran beside what was before it") }
                    output.append(.answer(Int(call.method ?? "") ?? -1))
                case .scan(_, _, let ticket):
                    if !running.isEmpty { faults.append("a scan ran beside what was before it") }
                    start(ticket, isScan: true)
                case .write(_, _, _, let ticket):
                    if running.contains(where: \.isScan) { faults.append("a write ran beside a scan before it") }
                    start(ticket, isScan: false)
                }
            }
        }

        private mutating func start(_ ticket: Int, isScan: Bool) {
            // The runner is told numbers by `expected`, in the order of starting.
            lastNumber = expected.removeFirst()
            running.append((ticket, lastNumber, isScan))
            if !isScan { started.append(lastNumber) }
            mostRunning = max(mostRunning, running.count)
        }

        /// Numbers of the scans and writes that are still to be started, in order.
        var expected: [Int] = []

        mutating func finish(at place: Int) {
            let done = running.remove(at: place)
            sequence.finish(done.ticket, with: TestCall.outcome(done.number))
        }
    }

    @Test("answers come in the order of the requests, whatever finishes when", arguments: 0..<UInt64(400))
    func anyInterleaving(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var runner = Runner()
        var wanted: [Runner.Output] = []
        var number = 0

        var skipped: [Int] = []
        func request() -> Dispatcher.Unread {
            let kind = TestCall.Kind.allCases.randomElement(using: &random) ?? .read
            let isNotification = Bool.random(using: &random)
            defer { number += 1 }
            if isNotification, kind == .read || kind == .scan {
                skipped.append(number)
            } else {
                wanted.append(.answer(number))
                if kind == .write || kind == .scan { runner.expected.append(number) }
            }
            return TestCall.unread(kind, number, isNotification: isNotification)
        }

        for _ in 0..<Int.random(in: 1...60, using: &random) {
            if Int.random(in: 0..<4, using: &random) == 0 {
                wanted.append(.beginBatch)
                let requests = (0..<Int.random(in: 1...6, using: &random)).map { _ in request() }
                wanted.append(.endBatch)
                runner.sequence.add(.batch(requests))
            } else {
                runner.sequence.add(.single(TestCall.call(request())))
            }
            // Lines come in while others are still at work.
            if Bool.random(using: &random) { runner.work() }
            if !runner.running.isEmpty, Bool.random(using: &random) {
                runner.finish(at: Int.random(in: 0..<runner.running.count, using: &random))
            }
        }
        let writes = runner.started + runner.expected
        runner.work()
        while !runner.running.isEmpty {
            runner.finish(at: Int.random(in: 0..<runner.running.count, using: &random))
            if Bool.random(using: &random) || runner.running.isEmpty { runner.work() }
        }
        #expect(runner.output == wanted)
        #expect(runner.skipped == skipped)
        #expect(runner.faults.isEmpty)
        #expect(runner.sequence.isIdle)
        #expect(runner.sequence.wantsWork)
        #expect(runner.expected.isEmpty)
        #expect(runner.started == runner.started.sorted())
        #expect(Set(runner.started).isSubset(of: writes))
    }

    @Test("pipelined writes run together, but not more than 256 of them")
    func writesRunTogether() {
        var runner = Runner()
        let count = 1000
        for number in 0..<count {
            runner.expected.append(number)
            runner.sequence.add(.single(TestCall.call(.write, number)))
        }
        runner.work()
        #expect(runner.running.count == 256)
        #expect(runner.output.isEmpty)
        #expect(!runner.sequence.wantsWork)
        // The last first: nothing can be answered before the first is.
        while runner.running.count > 1 { runner.finish(at: runner.running.count - 1) }
        runner.work()
        #expect(runner.output.isEmpty)
        while !runner.running.isEmpty {
            runner.finish(at: 0)
            runner.work()
        }
        #expect(runner.output == (0..<count).map { .answer($0) })
        #expect(runner.mostRunning == 256)
    }

    @Test("a read waits for the writes before it, and a write does not wait for the reads that are done")
    func readAfterWrite() {
        var runner = Runner()
        runner.expected = [0, 2]
        runner.sequence.add(.single(TestCall.call(.write, 0)))
        runner.sequence.add(.single(TestCall.call(.read, 1)))
        runner.sequence.add(.single(TestCall.call(.write, 2)))
        runner.work()
        #expect(runner.running.map(\.number) == [0])
        runner.finish(at: 0)
        runner.work()
        #expect(runner.output == [.answer(0), .answer(1)])
        #expect(runner.running.map(\.number) == [2])
    }

    @Test("nothing overtakes a scan")
    func scanAlone() {
        for kind in TestCall.Kind.allCases {
            var runner = Runner()
            runner.expected = [0, 1]
            runner.sequence.add(.single(TestCall.call(.scan, 0)))
            runner.sequence.add(.single(TestCall.call(kind, 1)))
            runner.work()
            #expect(runner.running.map(\.number) == [0])
            #expect(runner.output.isEmpty)
        }
    }

    @Test("reads that nobody would hear of are not carried out, and nothing waits for them; writes are")
    func forNobody() {
        for (hasPeer, isNotification) in [(false, false), (false, true), (true, true)] {
            var runner = Runner()
            runner.hasPeer = hasPeer
            runner.expected = [0, 3]
            let kinds: [TestCall.Kind] = [.write, .read, .scan, .write, .read]
            runner.sequence.add(
                .batch(kinds.enumerated().map { TestCall.unread($1, $0, isNotification: isNotification) }))
            runner.work()
            #expect(runner.running.map(\.number) == [0, 3])
            #expect(runner.skipped == [1, 2, 4])
            while !runner.running.isEmpty { runner.finish(at: 0) }
            runner.work()
            #expect(runner.output == [.beginBatch, .answer(0), .answer(3), .endBatch])
            #expect(runner.sequence.isIdle)
        }
    }

    @Test("a read with an effect is carried out as a notification, and not for who has gone")
    func effect() {
        let call = Dispatcher.Call(
            id: .none, method: "0", step: .run(.read(.point) { _, _ throws(RPCError) in TestCall.reply(0) }),
            hasEffect: true)
        for hasPeer in [true, false] {
            var runner = Runner()
            runner.hasPeer = hasPeer
            runner.sequence.add(.single(call))
            runner.work()
            #expect(runner.output == (hasPeer ? [.answer(0)] : []))
            #expect(runner.skipped == (hasPeer ? [] : [0]))
        }
    }

    @Test("an answer that nobody waits for is a fault of the daemon, and so is a second one")
    func strayAnswer() async {
        await #expect(processExitsWith: .failure) {
            var sequence = RequestSequence(reading: { TestCall.call($0) })
            sequence.finish(.min, with: TestCall.outcome(0))
        }
        await #expect(processExitsWith: .failure) {
            var runner = Runner()
            runner.expected = [0, 1]
            for number in 0..<2 { runner.sequence.add(.single(TestCall.call(.write, number))) }
            runner.work()
            let last = runner.running[1].ticket
            runner.finish(at: 1)
            runner.sequence.finish(last, with: TestCall.outcome(1))
        }
    }
}

extension RequestSequence.Step? {
    fileprivate static func == (step: Self, _: _OptionalNilComparisonType) -> Bool {
        if case .none = step { true } else { false }
    }
}
