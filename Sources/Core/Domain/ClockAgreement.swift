/// How long the wall clock and the uptime have agreed. As long as they agree, nobody has set the wall clock. If a
/// machine starts with a wrong clock, an admin has one day to correct it before the daemon removes anything for good. A
/// pure value.
///
/// It is stored, so the next run of the daemon continues with it. Time without a daemon counts too, except the time
/// around a restart of the machine.
package struct ClockAgreement: Sendable, Equatable {
    /// How long they must agree, in milliseconds: one day.
    package static let required: Int64 = 86_400_000
    /// Smaller steps of the wall clock are ignored, in milliseconds: retention counts in days.
    package static let tolerance: Int64 = 60_000
    /// The longest time that the machine may be off, in milliseconds. After a longer time the wall clock is not
    /// trusted.
    package static let longestOff: Int64 = 86_400_000

    /// The wall clock at the last comparison.
    package private(set) var wall: Timestamp
    /// The uptime at the last comparison, in milliseconds. It includes the time in which the machine slept.
    package private(set) var uptime: Int64
    /// How long they have agreed, in milliseconds.
    package private(set) var agreed: Int64

    /// What happened between two comparisons.
    package enum Change: Sendable, Equatable {
        /// Both clocks went on by the same time.
        case steady
        /// Somebody set the wall clock, by this number of milliseconds.
        case set(by: Int64)
        case restarted
    }

    /// - Parameter agreed: as it was stored, or 0 if there was no earlier comparison.
    package init(wall: Timestamp, uptime: Int64, agreed: Int64 = 0) {
        self.wall = wall
        self.uptime = uptime
        self.agreed = agreed
    }

    /// Compares the two clocks. A restart of the machine is recognised by a smaller uptime, because a sandbox may hide
    /// the boot id. If the uptime after a restart is already greater than before, it looks as if somebody had set the
    /// clock, and the time does not count.
    package mutating func look(wall: Timestamp, uptime: Int64) -> Change {
        defer { (self.wall, self.uptime) = (wall, uptime) }
        let passed = wall.milliseconds(since: self.wall)
        guard uptime >= self.uptime else {
            // The clock was not observed while the machine was off, nor from its start until now.
            let off = wall.adding(milliseconds: 0 &- uptime).milliseconds(since: self.wall)
            if !(-Self.tolerance...Self.longestOff).contains(off) { agreed = 0 }
            return .restarted
        }
        let ran = uptime &- self.uptime
        let step = Timestamp(milliseconds: passed).milliseconds(since: Timestamp(milliseconds: ran))
        guard (-Self.tolerance...Self.tolerance).contains(step) else {
            agreed = 0
            return .set(by: step)
        }
        let (sum, overflow) = agreed.addingReportingOverflow(ran)
        agreed = overflow ? .max : sum
        return .steady
    }

    /// How much longer the clocks must agree, in milliseconds.
    package var left: Int64 { max(0, Self.required &- agreed) }
}
