internal import LifecycleCore
internal import LifecycleTesting
internal import Testing

@Suite("A clock for tests")
struct ManualClockTests {
    @Test("stands still until it is moved, also back")
    func moves() {
        let clock = ManualClock(Timestamp(milliseconds: 1000))
        #expect(clock.now.milliseconds == 1000)
        clock.advance(by: .milliseconds(1500))
        #expect(clock.now.milliseconds == 2500)
        clock.advance(by: .seconds(-2))
        #expect(clock.now.milliseconds == 500)
        clock.set(to: Timestamp(milliseconds: 42))
        #expect(clock.now.milliseconds == 42)
        clock.advance(by: .microseconds(1999))
        #expect(clock.now.milliseconds == 43)
    }

    @Test("begins on the first of January 2026")
    func start() { #expect(ManualClock().now.description == "2026-01-01T00:00:00.000Z") }

    @Test(
        "stops at the ends of what a time can be written as",
        arguments: [
            (Duration.seconds(Int64.max), "9999-12-31T23:59:59.999Z"),
            (.seconds(Int64.min), "0001-01-01T00:00:00.000Z"),
            (.milliseconds(Int64.max), "9999-12-31T23:59:59.999Z"),
            (.milliseconds(Int64.min), "0001-01-01T00:00:00.000Z"),
        ])
    func ends(duration: Duration, end: String) {
        let clock = ManualClock()
        for _ in 0..<2 { clock.advance(by: duration) }
        #expect(clock.now.description == end)
        clock.set(to: Timestamp(milliseconds: duration < .zero ? .min : .max))
        #expect(clock.now.description == end)
    }
}
