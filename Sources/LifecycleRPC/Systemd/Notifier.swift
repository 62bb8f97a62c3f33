internal import CSystemd
internal import LifecycleCore

/// Tells the service manager how the daemon is doing; does nothing when there is none (`NOTIFY_SOCKET` is not set).
///
/// Each call sends one datagram and may be made from any thread. A failure is not reported: there is nobody to tell,
/// and the service manager draws its own conclusions from silence.
package struct Notifier: Sendable {
    package init() {}

    /// The daemon is migrated, swept and listening. `status` is shown by `systemctl status`.
    package func ready(status: String) {
        send("READY=1\nSTATUS=\(PeerText.escaped(status))")
    }

    /// Changes the text that `systemctl status` shows.
    package func status(_ text: String) {
        send("STATUS=\(PeerText.escaped(text))")
    }

    /// An orderly stop has begun.
    package func stopping() {
        send("STOPPING=1")
    }

    /// The daemon is alive. Due more often than `watchdogInterval`: twice as often is what systemd advises.
    package func watchdog() {
        send("WATCHDOG=1")
    }

    /// The silence after which the service manager kills the daemon (`WatchdogSec=` of the unit), in microseconds
    /// exactly; `nil` when it does not watch this process.
    package static var watchdogInterval: Duration? {
        var microseconds: UInt64 = 0
        guard sd_watchdog_enabled(0, &microseconds) > 0 else { return nil }
        return .microseconds(Int64(clamping: microseconds))
    }

    /// One assignment a line, so a line break inside of a value would be a further assignment: callers escape.
    private func send(_ assignments: String) {
        _ = sd_notify(0, assignments)
    }
}
