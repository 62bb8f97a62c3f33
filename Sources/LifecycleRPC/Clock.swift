internal import Glibc
package import LifecycleCore

/// The source of the wall clock's time. Tests use a clock that they move.
package typealias WallClock = @Sendable () -> Timestamp

/// The wall clock of the system.
package let systemClock: WallClock = {
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    return Timestamp(milliseconds: Int64(now.tv_sec) * 1000 + Int64(now.tv_nsec) / 1_000_000)
}

/// The time since the machine's start in milliseconds, including the time in which it slept.
package let systemSinceStart: Uptime = {
    var now = timespec()
    clock_gettime(CLOCK_BOOTTIME, &now)
    return Int64(now.tv_sec) * 1000 + Int64(now.tv_nsec) / 1_000_000
}

/// The monotonic clock of the system in milliseconds.
package let systemUptime: Uptime = {
    var now = timespec()
    clock_gettime(CLOCK_MONOTONIC, &now)
    return Int64(now.tv_sec) * 1000 + Int64(now.tv_nsec) / 1_000_000
}
