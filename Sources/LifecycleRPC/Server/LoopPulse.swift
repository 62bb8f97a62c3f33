internal import NIOCore

/// Asks the event loop for an answer once a second while a pipeline may have something to report. So `LoopWatch`
/// notices when the event loop stood still, also if nothing else was asked of it. Not `Sendable`: only the event loop
/// uses it.
final class LoopPulse {
    private static let intervalMilliseconds: Int64 = 1000

    private let eventLoop: any EventLoop
    private let watch: LoopWatch
    private let uptime: Uptime
    private let isNeeded: () -> Bool
    private var isRunning = false

    /// - Parameter isNeeded: called once a second. The pulse stops when it returns false, until `start` is called
    ///   again.
    init(on eventLoop: any EventLoop, _ watch: LoopWatch, _ uptime: @escaping Uptime, isNeeded: @escaping () -> Bool) {
        self.eventLoop = eventLoop
        self.watch = watch
        self.uptime = uptime
        self.isNeeded = isNeeded
    }

    func start() {
        guard !isRunning else { return }
        isRunning = true
        wait()
    }

    private func wait() {
        // The answer is due at the end of the interval.
        watch.asked(at: uptime() &+ Self.intervalMilliseconds)
        eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(Self.intervalMilliseconds)) {
            self.watch.answered(at: self.uptime())
            self.isRunning = self.isNeeded()
            if self.isRunning { self.wait() }
        }
    }
}
