internal import Glibc
internal import LifecycleSystem
internal import Synchronization

/// Ends the process when a stop does not come to its end, as a disk does not answer. That is a kill: all that was answered
/// is on disk, and the next start repairs the rest.
enum LastResort {
    private static let isArmed = Atomic(false)

    /// The first call counts.
    static func arm(at time: ContinuousClock.Instant) {
        guard !isArmed.exchange(true, ordering: .relaxed) else { return }
        // Without a thread for it systemd's own limit remains.
        try? SystemThread.start {
            while ContinuousClock.now < time { usleep(20_000) }
            let status = DaemonExit.inputOutput
            LastWords.write(
                "the stop did not come to its end within --drain-timeout, which is left to the next start", status)
            _exit(status.rawValue)
        }
    }
}
