public import LifecycleCore
internal import Synchronization

/// A clock that stands still until a test moves it. So the daemon's three clocks run out exactly when the test wants
/// it.
///
/// May be used on any thread. It has whole milliseconds. It stops at the ends of the years 0001 and 9999 instead of
/// overflowing.
public final class ManualClock: Sendable {
    private let time: Mutex<Timestamp>
    private let observers = Mutex<[@Sendable () -> Void]>([])

    /// - Parameter start: the first time that it shows. 2026-01-01T00:00:00.000Z by default.
    public init(_ start: Timestamp = Timestamp(milliseconds: 1_767_225_600_000)) {
        time = Mutex(Self.clamped(start.milliseconds))
    }

    public var now: Timestamp { time.withLock { $0 } }

    /// Moves the clock forwards, or backwards if `duration` is negative. Parts of a millisecond are dropped.
    public func advance(by duration: Duration) {
        time.withLock { time in
            let (sum, overflow) = time.milliseconds.addingReportingOverflow(duration.wholeMilliseconds)
            time = Self.clamped(overflow ? (duration < .zero ? .min : .max) : sum)
        }
        tell()
    }

    /// Sets the clock to this time, which may be before or after the current one.
    public func set(to now: Timestamp) {
        time.withLock { $0 = Self.clamped(now.milliseconds) }
        tell()
    }

    /// Calls back after each move.
    func observe(_ observer: @escaping @Sendable () -> Void) { observers.withLock { $0.append(observer) } }

    private func tell() {
        for observer in observers.withLock({ $0 }) { observer() }
    }

    private static func clamped(_ milliseconds: Int64) -> Timestamp {
        let range = Timestamp.representable
        return min(max(Timestamp(milliseconds: milliseconds), range.lowerBound), range.upperBound)
    }
}

extension Duration {
    /// Whole milliseconds, limited to the range of 64 bits.
    fileprivate var wholeMilliseconds: Int64 {
        let (seconds, attoseconds) = components
        let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1000)
        let (sum, overflow2) = whole.addingReportingOverflow(attoseconds / 1_000_000_000_000_000)
        return overflow || overflow2 ? (seconds < 0 ? .min : .max) : sum
    }
}
