import LifecycleCore
import Testing

@testable import LifecycleClient

@Suite("what is sent, sent again, and given up")
struct PendingCallsTests {
    typealias Calls = PendingCalls<Int>
    private let start = ContinuousClock.now

    private func call(
        _ waiter: Int, isRepeatable: Bool = true, line: String? = nil, deadline: Int = 30, connectTimeout: Int = 5
    ) -> Calls.Call {
        Calls.Call(
            line: Array((line ?? "\(waiter) ").utf8), isRepeatable: isRepeatable, waiter: waiter,
            timeout: .seconds(deadline), deadline: start + .seconds(deadline), connectTimeout: .seconds(connectTimeout),
            connectBy: start + .seconds(connectTimeout))
    }

    /// Calls with the ids and waiters 1, 2, …
    private func calls(_ count: Int, maximumInFlight: Int = 256, isRepeatable: Bool = true) -> Calls {
        var calls = Calls(maximumInFlight: maximumInFlight)
        for id in 1...count { calls.add(call(id, isRepeatable: isRepeatable), id: Int64(id)) }
        return calls
    }

    private func sent(_ calls: inout Calls) -> String { String(decoding: calls.takeLines(), as: UTF8.self) }
    private func at(_ seconds: Int) -> Calls.Instant { start + .seconds(seconds) }
    private let away = ConnectFailure(path: "/s", code: 2)
    private let forbidden = ConnectFailure(path: "/s", code: 13)

    @Test("lines are taken in order, once")
    func order() {
        var calls = calls(5)
        #expect(sent(&calls) == "1 2 3 4 5 ")
        #expect(sent(&calls).isEmpty)
        calls.add(call(6), id: 6)
        #expect(sent(&calls) == "6 ")
    }

    @Test("no more are in flight than allowed; whoever ends makes room", arguments: [Int.min, 0, 1, 2, 3])
    func bound(_ maximum: Int) {
        var calls = calls(6, maximumInFlight: maximum)
        var seen = ""
        for id in 1...6 {
            seen += sent(&calls)
            #expect(calls.inFlight <= max(1, maximum))
            #expect(calls.remove(Int64(id))?.waiter == id)
        }
        #expect(seen == "1 2 3 4 5 6 ")
        #expect(calls.isEmpty)
        #expect(calls.inFlight == 0)
    }

    @Test("a call ends once, and what nobody waits for is not sent")
    func removed() {
        var calls = calls(3)
        #expect(calls.remove(2)?.outcome == .notDone)
        #expect(calls.remove(2) == nil)
        #expect(sent(&calls) == "1 3 ")
        #expect(calls.remove(1)?.outcome == .unknown)
        #expect(calls.remove(7) == nil)
    }

    /// Of a connection that ended after 4 of 6 bytes, "1 2 3 ": 1 and 2 may have arrived.
    @Test("after a lost connection goes again what never left us, and what may be repeated", arguments: [true, false])
    func lost(_ isRepeatable: Bool) {
        var calls = calls(4, maximumInFlight: 3, isRepeatable: isRepeatable)
        _ = sent(&calls)
        let failures = calls.connectionEnded(.lost("why"), handedOver: 4, now: at(1))
        #expect(failures.map(\.waiter) == (isRepeatable ? [] : [1, 2]))
        for failure in failures {
            #expect(failure.error.code == .connectionLost)
            #expect(failure.error.outcome == .unknown)
            #expect(failure.error.message.contains("why"))
        }
        calls.connectionStarted()
        #expect(sent(&calls) == (isRepeatable ? "1 2 3 " : "3 4 "))
        #expect(calls.count == (isRepeatable ? 4 : 2))
    }

    @Test("a call of which the kernel took one byte may have arrived; of which it took none, not", arguments: [2, 3])
    func boundary(_ handedOver: Int) {
        var calls = calls(2, isRepeatable: false)
        _ = sent(&calls)
        let failures = calls.connectionEnded(.lost(""), handedOver: handedOver, now: at(1))
        #expect(failures.map(\.waiter) == (handedOver == 2 ? [1] : [1, 2]))
    }

    @Test("bytes are counted anew on each connection, also after one that ended with nothing in flight")
    func offsets() {
        var calls = Calls(maximumInFlight: 4)
        calls.add(call(1, line: "a long line that is answered"), id: 1)
        _ = sent(&calls)
        _ = calls.remove(1)
        calls.connectionStarted()
        calls.add(call(2, isRepeatable: false), id: 2)
        _ = sent(&calls)
        #expect(calls.connectionEnded(.lost(""), handedOver: 2, now: at(1)).map(\.waiter) == [2])
    }

    @Test("what may have arrived once stays unknown, whatever becomes of it later")
    func unknownStays() {
        var calls = calls(2)
        _ = sent(&calls)
        _ = calls.connectionEnded(.lost(""), handedOver: 1, now: at(1))
        let failures = calls.advance(to: at(30), outage: nil).sorted { $0.waiter < $1.waiter }
        #expect(failures.map(\.error.outcome) == [.unknown, .notDone])
        #expect(failures.map(\.error.code) == [.timedOut, .timedOut])
    }

    @Test("garbage is borne three times by what may be repeated, and once by the rest", arguments: [true, false])
    func garbage(_ isRepeatable: Bool) {
        var calls = calls(1, isRepeatable: isRepeatable)
        var connections = 0
        var failures: [Calls.Failure] = []
        while failures.isEmpty, connections < 10 {
            calls.connectionStarted()
            #expect(sent(&calls) == "1 ")
            connections += 1
            failures = calls.connectionEnded(.garbage("noise"), handedOver: 2, now: at(1))
        }
        #expect(connections == (isRepeatable ? 3 : 1))
        #expect(failures.first?.error.code == .badReply)
        #expect(failures.first?.error.outcome == .unknown)
        #expect(calls.isEmpty)
    }

    @Test("a connection that was refused has read nothing: all is sent again, and nothing may have arrived")
    func refused() {
        var calls = calls(2, isRepeatable: false)
        _ = sent(&calls)
        #expect(calls.connectionEnded(.refused("full"), handedOver: 4, now: at(1)).isEmpty)
        #expect(calls.advance(to: at(30), outage: nil).allSatisfy { $0.error.outcome == .notDone })
    }

    @Test(
        "a busy call waits, makes room, and is queued again when its pause is over; its answer no longer counts twice")
    func postponed() throws {
        var calls = calls(2, maximumInFlight: 1)
        #expect(sent(&calls) == "1 ")
        calls.postpone(1, .busy("busy"), now: at(0))
        calls.postpone(1, .busy("busy"), now: at(0))
        calls.postpone(2, .busy("busy"), now: at(0))  // not sent yet: a peer that talks nonsense
        #expect(sent(&calls) == "2 ")
        let pause = try #require(calls.nextEvent(isOut: false))
        #expect((start...start + .milliseconds(10)).contains(pause))
        #expect(calls.advance(to: pause - .nanoseconds(1), outage: nil).isEmpty)
        _ = calls.remove(2)
        #expect(sent(&calls).isEmpty)
        #expect(calls.advance(to: pause, outage: nil).isEmpty)
        #expect(sent(&calls) == "1 ")
        #expect(calls.inFlight == 1)
    }

    @Test("a postponed call keeps its pause when the connection ends, and is sent once")
    func postponedAndLost() {
        var calls = calls(2)
        _ = sent(&calls)
        calls.postpone(1, .busy("busy"), now: at(0))
        _ = calls.connectionEnded(.lost(""), handedOver: 4, now: at(0))
        #expect(sent(&calls) == "2 ")
        _ = calls.advance(to: at(1), outage: nil)
        #expect(sent(&calls) == "1 ")
        #expect(sent(&calls).isEmpty)
    }

    @Test("a deadline ends a call in any state, at that moment and not before")
    func deadlines() {
        var calls = calls(3, maximumInFlight: 2)
        _ = sent(&calls)
        calls.postpone(1, .busy("busy"), now: at(29))
        #expect(calls.advance(to: at(30) - .nanoseconds(1), outage: nil).isEmpty)
        _ = sent(&calls)
        let failures = calls.advance(to: at(30), outage: nil).sorted { $0.waiter < $1.waiter }
        #expect(failures.map(\.waiter) == [1, 2, 3])
        // The first waits behind the third since it was refused: why is the daemon's own word.
        #expect(failures.map(\.error.code) == [.refused, .timedOut, .timedOut])
        #expect(calls.inFlight == 0)
        #expect(calls.nextEvent(isOut: true) == nil)
    }

    @Test(
        "a call waits for a connection as long as it may, only while one was refused, counted from the loss of the last"
    )
    func connectBy() {
        var calls = calls(1)
        #expect(calls.nextEvent(isOut: true) == at(5))
        #expect(calls.nextEvent(isOut: false) == at(30))
        #expect(calls.advance(to: at(6), outage: nil).isEmpty)
        _ = sent(&calls)
        _ = calls.connectionEnded(.lost(""), handedOver: 2, now: at(20))
        #expect(calls.nextEvent(isOut: true) == at(25))
        #expect(calls.advance(to: at(25) - .nanoseconds(1), outage: away).isEmpty)
        let failure = calls.advance(to: at(25), outage: away).first
        #expect(failure?.error.code == .unreachable)
        #expect(failure?.error.outcome == .unknown)
        #expect(failure?.error.message.contains("/s") == true)
    }

    @Test("an outage that will not pass ends all at once; a deadline in an outage says that there was no connection")
    func outages() {
        var calls = calls(2)
        let failures = calls.advance(to: start, outage: forbidden)
        #expect(failures.count == 2)
        #expect(failures.allSatisfy { $0.error.code == .unreachable && $0.error.outcome == .notDone })
        var others = Calls(maximumInFlight: 1)
        others.add(call(1, deadline: 2), id: 1)
        #expect(others.advance(to: at(2), outage: away).first?.error.code == .unreachable)
    }
}
