internal import LifecycleCore

/// The timers that wake the writer when no message arrives. A pure value.
///
/// A timer cannot be cancelled: after a wake-up is moved to an earlier time, the old timer still fires. Its number no
/// longer matches then, and it is ignored.
struct WakeUps {
    enum Reason: CaseIterable {
        case deadline, heartbeats
        /// To try something again: a checkpoint, or the work after the clock was set.
        case retry
    }

    /// Identifies one timer.
    struct ID: Sendable, Equatable {
        fileprivate let reason: Reason
        fileprivate let number: Int
    }

    /// A timer that the caller has to start.
    struct Timer: Equatable {
        let id: ID
        /// In milliseconds.
        let pause: Int64
    }

    /// The next time for each reason, by the wall clock; `nil` for none.
    struct Times {
        var deadline: Timestamp?
        var heartbeats: Timestamp?
        var retry: Timestamp?
    }

    private struct Pending {
        var time: Timestamp?
        /// When the timer fires, in milliseconds of the monotonic clock.
        var uptime: Int64 = 0
        var number = 0
    }

    /// In milliseconds. Timers are never longer, even if one then fires too early. A timer does not notice that the
    /// machine sleeps or that the wall clock is set forwards, so a longer one could be late.
    static let longestPause: Int64 = 60_000

    // One timer per reason: heartbeats are frequent, and would otherwise restart the other timers.
    private var deadline = Pending()
    private var heartbeats = Pending()
    private var retry = Pending()

    /// - Returns: the timers to start: those whose time is earlier than that of the pending timer.
    mutating func set(_ times: Times, now: Timestamp, uptime: Int64) -> [Timer] {
        var timers: [Timer] = []
        set(.deadline, for: times.deadline, now, uptime, &timers)
        set(.heartbeats, for: times.heartbeats, now, uptime, &timers)
        set(.retry, for: times.retry, now, uptime, &timers)
        return timers
    }

    /// The timer has fired, perhaps before or after its time, if the wall clock was set meanwhile.
    mutating func fired(_ id: ID) {
        if self[id.reason].number == id.number { self[id.reason].time = nil }
    }

    /// Whether a timer should have fired long ago. In that case the process stood still, stopped or without a
    /// processor, and no client could report meanwhile. Call this before reading the messages that have arrived.
    func isLate(at uptime: Int64, tolerance: Int64) -> Bool {
        isLate(deadline, uptime, tolerance) || isLate(heartbeats, uptime, tolerance) || isLate(retry, uptime, tolerance)
    }

    private func isLate(_ pending: Pending, _ uptime: Int64, _ tolerance: Int64) -> Bool {
        pending.time != nil && uptime &- pending.uptime > tolerance
    }

    private mutating func set(
        _ reason: Reason, for time: Timestamp?, _ now: Timestamp, _ uptime: Int64, _ timers: inout [Timer]
    ) {
        guard let time else { return }
        if let pending = self[reason].time, pending <= time { return }
        let (delay, overflow) = time.milliseconds.subtractingReportingOverflow(now.milliseconds)
        let pause = overflow ? 1 : min(max(1, delay), Self.longestPause)
        let number = self[reason].number &+ 1
        self[reason] = Pending(time: time, uptime: uptime &+ pause, number: number)
        timers.append(Timer(id: ID(reason: reason, number: number), pause: pause))
    }

    private subscript(reason: Reason) -> Pending {
        get {
            switch reason {
            case .deadline: deadline
            case .heartbeats: heartbeats
            case .retry: retry
            }
        }
        set {
            switch reason {
            case .deadline: deadline = newValue
            case .heartbeats: heartbeats = newValue
            case .retry: retry = newValue
            }
        }
    }
}
