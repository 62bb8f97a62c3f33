internal import Glibc
internal import LifecycleSystem
internal import Synchronization

/// Ends the process if a stop takes too long, for example because a disk does not answer. That has the effect of a
/// kill: everything that was answered is on disk, and the next start recovers the rest.
enum LastResort {
    private static let isArmed = Atomic(false)

    /// Only the first call counts.
    static func arm(at time: ContinuousClock.Instant) {
        guard !isArmed.exchange(true, ordering: .relaxed) else { return }
        // If there is no thread for it, systemd's limit still applies.
        try? SystemThread.start {
            while ContinuousClock.now < time { usleep(20_000) }
            let status = DaemonExit.inputOutput
            LastWords.write(
                "the stop took longer than --drain-timeout; the next start recovers the database", status)
            _exit(status.rawValue)
        }
    }
}
