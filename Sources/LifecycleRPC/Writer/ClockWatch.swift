internal import LifecycleCore

/// Time since the machine's start, which nobody sets, in milliseconds; it may stand still while the machine is suspended.
package typealias Uptime = @Sendable () -> Int64

/// The wall clock went ahead of the time that passed, or fell behind it: somebody set it, or the machine slept.
package struct ClockJump: Sendable, Equatable {
    /// Above zero: forwards.
    package let milliseconds: Int64

    package init(milliseconds: Int64) { self.milliseconds = milliseconds }

    package var isBackwards: Bool { milliseconds < 0 }
}

/// Notices that the wall clock and the time that passed disagree. Pure.
struct ClockWatch {
    /// Differences below this are a clock that is being corrected bit by bit.
    static let tolerance: Int64 = 2000

    private var offset: Int64

    init(wall: Timestamp, uptime: Int64) { offset = wall.milliseconds &- uptime }

    /// What happened since the last call, if anything.
    mutating func jump(wall: Timestamp, uptime: Int64) -> ClockJump? {
        let drift = wall.milliseconds &- uptime &- offset
        // Also without a jump: what is corrected bit by bit shall not add up to one.
        offset = offset &+ drift
        return (-Self.tolerance...Self.tolerance).contains(drift) ? nil : ClockJump(milliseconds: drift)
    }
}
