import TestSupport
import Testing

@testable import LifecycleClient

/// Random events, held against what must be true after any of them.
@Suite("pending calls, whatever happens")
struct PendingCallsModelTests {
    typealias Calls = PendingCalls<Int64>

    @Test(
        "each call ends once, the bound holds, order is kept, and what may arrive once is handed over once",
        arguments: 0..<200)
    func random(_ seed: UInt64) {
        var model = Model(seed: seed)
        for _ in 0..<400 { model.step() }
        model.finish()
    }

    private struct Model {
        private var random: SeededRandom
        private let maximum: Int
        private var calls: Calls
        private var now = ContinuousClock.now
        private var isConnected = false
        private var lastID: Int64 = 0
        private var repeatable: Set<Int64> = []
        private var waiting: Set<Int64> = []
        /// Ids given to this connection, and the offset after each.
        private var sent: [(id: Int64, start: Int)] = []
        private var bytes = 0
        /// Handed over on some connection that ended.
        private var arrived: Set<Int64> = []
        /// Answered as busy, and not sent again yet.
        private var refused: Set<Int64> = []

        init(seed: UInt64) {
            random = SeededRandom(seed: seed)
            maximum = [1, 2, 5, 256][Int(seed % 4)]
            calls = Calls(maximumInFlight: maximum)
        }

        mutating func step() {
            switch Int.random(in: 0..<12, using: &random) {
            case 0...3: add()
            case 4, 5: take()
            case 6, 7: answer()
            case 8: refuse()
            case 9: cancel()
            case 10:
                now += .milliseconds(Int.random(in: 0...300, using: &random))
                if Bool.random(using: &random) { pass(outage: nil) } else if !isConnected { pass(outage: 2) }
            default: if isConnected { lose() } else { connect() }
            }
            #expect(calls.count == waiting.count)
            #expect((0...maximum).contains(calls.inFlight))
            #expect(calls.isEmpty == (calls.nextEvent(isOut: !isConnected) == nil))
        }

        /// After the last deadline nobody waits.
        mutating func finish() {
            now += .seconds(100)
            pass(outage: nil)
            #expect(waiting.isEmpty)
            #expect(calls.isEmpty)
            #expect(calls.takeLines().isEmpty)
        }

        private mutating func add() {
            lastID += 1
            let isRepeatable = Bool.random(using: &random)
            if isRepeatable { repeatable.insert(lastID) }
            waiting.insert(lastID)
            let timeout = Duration.milliseconds(Int.random(in: 0...5000, using: &random))
            let connectTimeout = Duration.milliseconds(Int.random(in: 0...2000, using: &random))
            calls.add(
                Calls.Call(
                    line: Array("\(lastID)\n".utf8), isRepeatable: isRepeatable, waiter: lastID, timeout: timeout,
                    deadline: now + timeout, connectTimeout: connectTimeout, connectBy: now + connectTimeout),
                id: lastID)
        }

        private mutating func take() {
            guard isConnected else { return }
            for line in calls.takeLines().split(separator: 10) {
                let id = Int64(String(decoding: line, as: UTF8.self)) ?? 0
                #expect(waiting.contains(id), "\(id) is sent though nobody waits")
                #expect(repeatable.contains(id) || !arrived.contains(id), "\(id) is sent twice")
                let isAgain = refused.remove(id) != nil
                #expect(!sent.contains { $0.id == id } || isAgain, "\(id) is sent twice on a connection")
                if !isAgain {
                    #expect(sent.allSatisfy { $0.id < id || wasRefused.contains($0.id) }, "\(id) is out of order")
                }
                if isAgain { wasRefused.insert(id) }
                sent.removeAll { $0.id == id }
                sent.append((id, bytes))
                bytes += line.count + 1
            }
        }

        /// Sent behind later ones, after a pause.
        private var wasRefused: Set<Int64> = []

        private mutating func end(_ id: Int64) {
            #expect(waiting.remove(id) != nil, "\(id) ends twice")
        }

        private mutating func answer() {
            guard let (id, _) = sent.randomElement(using: &random) else { return }
            if let call = calls.remove(id) { end(call.waiter) }
        }

        private mutating func refuse() {
            guard let (id, _) = sent.randomElement(using: &random), waiting.contains(id), !refused.contains(id) else {
                return
            }
            calls.postpone(id, .busy("busy"), now: now)
            refused.insert(id)
            everRefused.insert(id)
        }

        /// Whose lateness is explained by the daemon's own word.
        private var everRefused: Set<Int64> = []

        private mutating func cancel() {
            guard let id = waiting.randomElement(using: &random), let call = calls.remove(id) else { return }
            let isInFlight = sent.contains { $0.id == id } && !refused.contains(id)
            #expect(call.outcome == (isInFlight || arrived.contains(id) ? .unknown : .notDone))
            end(id)
        }

        private mutating func pass(outage: Int32?) {
            for failure in calls.advance(to: now, outage: outage.map { ConnectFailure(path: "/s", code: $0) }) {
                let id = failure.waiter
                let isInFlight = sent.contains { $0.id == id } && !refused.contains(id)
                let late: ClientError.Code = everRefused.contains(id) && !isInFlight ? .refused : .timedOut
                #expect(failure.error.code == (outage == nil ? late : .unreachable))
                #expect(failure.error.outcome == (isInFlight || arrived.contains(id) ? .unknown : .notDone))
                end(id)
            }
        }

        private mutating func connect() {
            isConnected = true
            calls.connectionStarted()
        }

        private mutating func lose() {
            let handedOver = Int.random(in: 0...bytes, using: &random)
            let isGarbage = Int.random(in: 0..<4, using: &random) == 0
            // What was refused as busy was answered: it did not arrive in the sense of having been done.
            let mayHave = Set(sent.filter { $0.start < handedOver && !refused.contains($0.id) }.map(\.id))
            arrived.formUnion(mayHave)
            for failure in calls.connectionEnded(
                isGarbage ? .garbage("g") : .lost("l"), handedOver: handedOver, now: now)
            {
                #expect(mayHave.contains(failure.waiter))
                #expect(isGarbage || !repeatable.contains(failure.waiter))
                #expect(failure.error.outcome == .unknown)
                end(failure.waiter)
            }
            for id in mayHave where !repeatable.contains(id) { #expect(!waiting.contains(id), "\(id) hangs") }
            isConnected = false
            sent = []
            bytes = 0
        }
    }
}
