internal import LifecycleCore

/// The time since the machine started, in milliseconds. It cannot be set. It may stand still while the machine sleeps.
package typealias Uptime = @Sendable () -> Int64

/// The wall clock and the uptime have advanced by different times: someone set the wall clock, or the machine slept.
package struct ClockJump: Sendable, Equatable {
    /// Positive if the wall clock went forwards.
    package let milliseconds: Int64

    package init(milliseconds: Int64) { self.milliseconds = milliseconds }

    package var isBackwards: Bool { milliseconds < 0 }
}

/// Compares the wall clock with the uptime. A pure value.
struct ClockWatch {
    /// In milliseconds. A smaller difference comes from a clock that is corrected gradually, and is no jump.
    static let tolerance: Int64 = 2000

    private var offset: Int64

    init(wall: Timestamp, uptime: Int64) { offset = wall.milliseconds &- uptime }

    /// The clock jump since the last call; `nil` if there was none.
    mutating func jump(wall: Timestamp, uptime: Int64) -> ClockJump? {
        let drift = wall.milliseconds &- uptime &- offset
        // Moves even without a jump, so that gradual corrections do not add up to a jump.
        offset = offset &+ drift
        return (-Self.tolerance...Self.tolerance).contains(drift) ? nil : ClockJump(milliseconds: drift)
    }
}
