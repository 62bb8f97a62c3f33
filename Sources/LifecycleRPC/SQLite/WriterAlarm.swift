internal import LifecycleCore
internal import LifecycleSQLite

/// When the writer wants to be woken though nobody asks for anything. The writer thread's own.
struct WriterAlarm {
    /// How long a sign of life waits for others before it is written.
    static let beatPause: Int64 = 1
    /// In milliseconds. After so long at most it rings, perhaps for nothing: no time passes for it while the machine
    /// sleeps or the clock is set forwards.
    private static let longestPause: Int64 = 60_000

    /// Which ring it is: one that was put off to an earlier time rings all the same, for nothing.
    struct Ring: Sendable, Equatable {
        fileprivate let bell: Int
        fileprivate let number: Int
    }

    private struct Bell {
        var time: Timestamp?
        /// When it is to ring by the monotonic clock.
        var uptime: Int64 = 0
        var number = 0
    }

    /// One for deadlines, one for signs of life, one for what is tried again: what comes often must not make the others be set anew.
    private var bells = [Bell(), Bell(), Bell()]
    private var beatsAt: Timestamp?

    mutating func isTimeForBeats(_ writer: Writer) -> Bool {
        let now = writer.context(.daemon).now
        guard !writer.transaction.beats.isEmpty else {
            beatsAt = nil
            return false
        }
        guard let time = beatsAt else {
            beatsAt = now.adding(seconds: Self.beatPause)
            return false
        }
        // Also when the clock went back.
        guard time <= now || time > now.adding(seconds: Self.beatPause) else { return false }
        beatsAt = now.adding(seconds: Self.beatPause)  // For those that cannot be written now.
        return true
    }

    /// Asks to be woken when the next thing is due, unless that was asked already.
    mutating func set(_ writer: Writer, _ schedule: (Duration, Ring) -> Void) {
        let now = writer.context(.daemon).now
        set(0, for: writer.nextDeadline.time, now, writer, schedule)
        if let beatsAt, !writer.transaction.beats.isEmpty { set(1, for: beatsAt, now, writer, schedule) }
        guard writer.log.isWatchful || writer.clockWorkAt != nil else { return }
        set(2, for: now.adding(seconds: 1), now, writer, schedule)
    }

    /// Whether a bell should have rung long ago: the process stood still, paused or without a processor, and whoever
    /// wanted to report meanwhile could not. To be asked before what came is read.
    func isLate(at now: Int64, tolerance: Int64) -> Bool {
        bells.contains { $0.time != nil && now &- $0.uptime > tolerance }
    }

    /// It rang, perhaps for nothing: a clock that is set meanwhile makes it early, or late as far as that goes.
    mutating func rang(_ ring: Ring?) {
        if let ring, bells[ring.bell].number == ring.number { bells[ring.bell].time = nil }
    }

    private mutating func set(
        _ bell: Int, for time: Timestamp, _ now: Timestamp, _ writer: Writer, _ schedule: (Duration, Ring) -> Void
    ) {
        guard time.milliseconds < .max else { return }
        if let earlier = bells[bell].time, earlier <= time { return }
        bells[bell].time = time
        bells[bell].number &+= 1
        let (delay, overflow) = time.milliseconds.subtractingReportingOverflow(now.milliseconds)
        let pause = overflow ? 1 : min(max(1, delay), Self.longestPause)
        bells[bell].uptime = writer.uptime() &+ pause
        schedule(.milliseconds(pause), Ring(bell: bell, number: bells[bell].number))
    }
}
