internal import Testing

@testable internal import LifecycleRPC

@Suite("An event loop that is late")
struct LoopWatchTests {
    @Test("is noticed while it hangs, and once after it")
    func noticed() {
        let watch = LoopWatch(toleranceMilliseconds: 2000)
        #expect(!watch.hasPaused(at: 1_000_000))
        watch.asked(at: 1000)
        watch.asked(at: 2500)
        #expect(!watch.hasPaused(at: 3000))
        #expect(watch.hasPaused(at: 3001))
        watch.answered(at: 10_000)
        #expect(watch.hasPaused(at: 10_001))
        #expect(!watch.hasPaused(at: 10_001))
        watch.answered(at: 10_002)
        #expect(!watch.hasPaused(at: 1_000_000))
    }

    @Test("one that gets round to something each time is not late, however much waits")
    func busy() {
        let watch = LoopWatch(toleranceMilliseconds: 2000)
        for time in Int64(0)..<100 {
            watch.asked(at: time * 1000)
            watch.asked(at: time * 1000)
            watch.answered(at: time * 1000 + 900)
            #expect(!watch.hasPaused(at: time * 1000 + 999))
        }
    }

    @Test("one that is to do something later is late when it does not then")
    func later() {
        let watch = LoopWatch(toleranceMilliseconds: 2000)
        watch.asked(at: 2000)
        #expect(!watch.hasPaused(at: 4000))
        #expect(watch.hasPaused(at: 4001))
        watch.answered(at: 1500)
        watch.asked(at: 2500)
        watch.answered(at: 4501)
        #expect(watch.hasPaused(at: 4502))
    }

    @Test("is asked once before the daemon's clocks end something")
    func question() {
        var question = LoopQuestion()
        var asked = 0
        func may(_ isDue: Bool) -> Bool { question.isAnswered(isDue) { asked += 1 } }
        #expect(!may(false) && asked == 0 && !question.isOpen)
        #expect(!may(true) && !may(true) && asked == 1 && question.isOpen)
        question.answered()
        #expect(may(true) && may(true) && asked == 1 && !question.isOpen)
        // What is due next needs an answer of its own.
        #expect(!may(false) && !may(true) && asked == 2)
        // Settled by somebody else meanwhile: the answer that comes then counts for nothing later.
        #expect(!may(false))
        question.answered()
        #expect(!may(false) && !may(true) && asked == 3)
    }

    @Test("a stop has three times, the last of them the drain timeout", arguments: [1, 2, 10, 3600])
    func stopTimes(_ seconds: Int64) {
        let start = ContinuousClock.now
        let times = StopTimes(seconds, from: start)
        #expect(start < times.drained && times.drained < times.written && times.written < start + .seconds(seconds))
        #expect(times.drained >= start + .seconds(seconds) * 2 / 3)
        #expect(times.ended == start + .seconds(seconds))
    }
}
