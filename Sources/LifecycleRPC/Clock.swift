internal import Glibc
package import LifecycleCore

/// Where the daemon gets the time from; tests move their own.
package typealias WallClock = @Sendable () -> Timestamp

/// The system's clock, UTC.
package let systemClock: WallClock = {
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    return Timestamp(milliseconds: Int64(now.tv_sec) * 1000 + Int64(now.tv_nsec) / 1_000_000)
}

/// Milliseconds since the machine's start, those in which it slept among them.
package let systemSinceStart: Uptime = {
    var now = timespec()
    clock_gettime(CLOCK_BOOTTIME, &now)
    return Int64(now.tv_sec) * 1000 + Int64(now.tv_nsec) / 1_000_000
}

/// The system's monotonic clock.
package let systemUptime: Uptime = {
    var now = timespec()
    clock_gettime(CLOCK_MONOTONIC, &now)
    return Int64(now.tv_sec) * 1000 + Int64(now.tv_nsec) / 1_000_000
}
