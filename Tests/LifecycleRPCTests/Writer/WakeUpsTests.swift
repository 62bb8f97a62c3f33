internal import LifecycleCore
internal import TestSupport
internal import Testing

@testable internal import LifecycleRPC

@Suite("The timers that wake the writer")
struct WakeUpsTests {
    /// The two clocks, in milliseconds.
    private static let now = Timestamp(milliseconds: 1_800_000_000_000)
    private static let uptime: Int64 = 5_000_000

    private func after(_ milliseconds: Int64) -> Timestamp { Self.now.adding(milliseconds: milliseconds) }

    /// The pauses of the timers that are started for a deadline.
    private func pauses(_ wakeUps: inout WakeUps, deadline: Timestamp?) -> [Int64] {
        wakeUps.set(WakeUps.Times(deadline: deadline), now: Self.now, uptime: Self.uptime).map(\.pause)
    }

    @Test(
        "last until the time, a minute at most, and fire at once for a time that has passed",
        arguments: [
            (500, 500), (0, 1), (-3000, 1), (60_000, 60_000), (90_000, 60_000), (.max / 2, 60_000),
        ] as [(Int64, Int64)])
    func pause(delay: Int64, pause: Int64) {
        var wakeUps = WakeUps()
        let started = pauses(&wakeUps, deadline: after(delay))
        #expect(started == [pause])
    }

    @Test("a time that is further away than there are numbers starts a timer that fires for nothing")
    func overflow() {
        var wakeUps = WakeUps()
        let pauses = wakeUps.set(
            WakeUps.Times(deadline: Timestamp(milliseconds: .max - 1)), now: Timestamp(milliseconds: -5), uptime: 0
        ).map(\.pause)
        #expect(pauses == [1])
    }

    @Test("are started once for a time, and anew only for an earlier one")
    func once() {
        var wakeUps = WakeUps()
        let started = [after(5000), after(5000), after(7000), nil, after(4000), after(5000)].map {
            pauses(&wakeUps, deadline: $0)
        }
        #expect(started == [[5000], [], [], [], [4000], []])
    }

    @Test("that were moved to an earlier time fire and are ignored")
    func ignored() {
        var wakeUps = WakeUps()
        let late = wakeUps.set(WakeUps.Times(deadline: after(5000)), now: Self.now, uptime: Self.uptime)
        let early = wakeUps.set(WakeUps.Times(deadline: after(4000)), now: Self.now, uptime: Self.uptime)
        wakeUps.fired(late[0].id)
        let whilePending = pauses(&wakeUps, deadline: after(4000))
        wakeUps.fired(early[0].id)
        let afterwards = pauses(&wakeUps, deadline: after(4000))
        #expect(whilePending.isEmpty)
        #expect(afterwards == [4000])
    }

    @Test("are separate for each reason")
    func reasons() {
        var wakeUps = WakeUps()
        let times = WakeUps.Times(deadline: after(9000), heartbeats: after(1000), retry: after(2000))
        let timers = wakeUps.set(times, now: Self.now, uptime: Self.uptime)
        #expect(timers.map(\.pause) == [9000, 1000, 2000])
        wakeUps.fired(timers[1].id)
        let again = wakeUps.set(times, now: Self.now, uptime: Self.uptime)
        #expect(again.map(\.pause) == [1000])
        #expect(again.map(\.id) != [timers[1].id])
    }

    @Test("are late when one should have fired longer ago than is tolerated", arguments: [0, 2000] as [Int64])
    func late(tolerance: Int64) {
        var wakeUps = WakeUps()
        #expect(!wakeUps.isLate(at: .max, tolerance: tolerance))
        let timers = wakeUps.set(
            WakeUps.Times(deadline: after(5000), retry: after(9000)), now: Self.now, uptime: Self.uptime)
        #expect(!wakeUps.isLate(at: Self.uptime + 5000 + tolerance, tolerance: tolerance))
        #expect(wakeUps.isLate(at: Self.uptime + 5001 + tolerance, tolerance: tolerance))
        wakeUps.fired(timers[0].id)
        #expect(!wakeUps.isLate(at: Self.uptime + 9000 + tolerance, tolerance: tolerance))
        #expect(wakeUps.isLate(at: Self.uptime + 9001 + tolerance, tolerance: tolerance))
    }
}

@Suite("When heartbeats that wait are written")
struct HeartbeatTimerTests {
    private static let start = Timestamp(milliseconds: 1_800_000_000_000)

    /// Whether they are written at each of these times, in milliseconds from the start.
    private func writes(at times: [(Int64, areWaiting: Bool)]) -> [Bool] {
        var timer = HeartbeatTimer()
        return times.map { time, areWaiting in
            timer.isTime(at: Self.start.adding(milliseconds: time), areWaiting: areWaiting)
        }
    }

    @Test("is a second after the first, and then once a second while any wait")
    func once() {
        #expect(
            writes(at: [(0, true), (999, true), (1000, true), (1500, true), (2000, true), (2500, true)])
                == [false, false, true, false, true, false])
    }

    @Test("is a second after the next first one, when none waited in between")
    func anew() {
        #expect(
            writes(at: [(0, true), (500, false), (1000, true), (1999, true), (2000, true)]) == [
                false, false, false, false, true,
            ])
    }

    @Test("is at once, when the clock was set back further than a second")
    func setBack() {
        #expect(writes(at: [(0, true), (-1, true)]) == [false, true])
        #expect(writes(at: [(0, true), (0, true)]) == [false, false])
    }
}
