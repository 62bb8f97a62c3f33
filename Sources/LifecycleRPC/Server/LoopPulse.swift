internal import NIOCore

/// Has the event loop give a sign of life once a second while anybody may have something to report, so that it is known
/// afterwards that it stood still, whatever it was asked for. Not `Sendable`: the event loop's own.
final class LoopPulse {
    private static let interval: Int64 = 1000

    private let eventLoop: any EventLoop
    private let watch: LoopWatch
    private let uptime: Uptime
    private let isNeeded: () -> Bool
    private var beats = false

    /// - Parameter isNeeded: asked at each beat; it ends when that is false, until `start` is called again.
    init(on eventLoop: any EventLoop, _ watch: LoopWatch, _ uptime: @escaping Uptime, isNeeded: @escaping () -> Bool) {
        self.eventLoop = eventLoop
        self.watch = watch
        self.uptime = uptime
        self.isNeeded = isNeeded
    }

    func start() {
        guard !beats else { return }
        beats = true
        wait()
    }

    private func wait() {
        // As if it were asked then.
        watch.asked(at: uptime() &+ Self.interval)
        eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(Self.interval)) {
            self.watch.answered(at: self.uptime())
            self.beats = self.isNeeded()
            if self.beats { self.wait() }
        }
    }
}
