internal import LifecycleCore

/// Time since the machine's start, which nobody sets, in milliseconds; it may stand still while the machine is suspended.
package typealias Uptime = @Sendable () -> Int64

/// Notices that the wall clock and the time that passed disagree: somebody set the clock, or the machine slept. Pure.
struct ClockWatch {
    enum Jump: Equatable {
        case forwards, backwards
    }

    /// Differences below this are a clock that is being corrected bit by bit.
    static let tolerance: Int64 = 2000

    private var offset: Int64

    init(wall: Timestamp, uptime: Int64) { offset = wall.milliseconds &- uptime }

    /// What happened since the last call, if anything.
    mutating func jump(wall: Timestamp, uptime: Int64) -> Jump? {
        let drift = wall.milliseconds &- uptime &- offset
        // Also without a jump: what is corrected bit by bit shall not add up to one.
        offset = offset &+ drift
        if drift > Self.tolerance { return .forwards }
        if drift < -Self.tolerance { return .backwards }
        return nil
    }
}
