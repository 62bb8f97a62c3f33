/// For how long the wall clock and the time since the machine's start have agreed. While they do, nobody has set the clock;
/// who starts with a wrong one has a day to notice it before anything is done that cannot be undone. Pure.
///
/// It is kept from one run of the daemon to the next. In between the two go on together, so that time in which no daemon
/// ran counts, too, but for that around a restart of the machine.
package struct ClockAgreement: Sendable, Equatable {
    /// For how long they must agree, in milliseconds: a day.
    package static let required: Int64 = 86_400_000
    /// Steps of the wall clock that matter to nobody who counts in days, in milliseconds.
    package static let tolerance: Int64 = 60_000
    /// The machine may be off for so long, in milliseconds. Over a longer time nobody can tell whether the clock is still right.
    package static let longestOff: Int64 = 86_400_000

    /// What the wall clock showed when the two were last compared.
    package private(set) var wall: Timestamp
    /// How long the machine had run then, in milliseconds, those in which it slept among them.
    package private(set) var uptime: Int64
    /// For how long they have agreed, in milliseconds.
    package private(set) var agreed: Int64

    /// What happened between one look and the next.
    package enum Change: Sendable, Equatable {
        /// Time passed.
        case steady
        /// Somebody set the wall clock, by so many milliseconds.
        case set(by: Int64)
        case restarted
    }

    /// - Parameter agreed: as it was kept; nothing yet when nobody knows of an earlier look.
    package init(wall: Timestamp, uptime: Int64, agreed: Int64 = 0) {
        self.wall = wall
        self.uptime = uptime
        self.agreed = agreed
    }

    /// Compares the two again. No number of the boot is needed, which a sandbox may hide: after a restart the machine has
    /// run for less. Where it has run for longer by now, it looks like a clock that was set, and nothing is counted.
    package mutating func look(wall: Timestamp, uptime: Int64) -> Change {
        defer { (self.wall, self.uptime) = (wall, uptime) }
        let passed = wall.milliseconds(since: self.wall)
        guard uptime >= self.uptime else {
            // Nobody looked at the clock while the machine was off, nor from its start until now.
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

    /// How much longer they must agree, in milliseconds.
    package var left: Int64 { max(0, Self.required &- agreed) }
}
