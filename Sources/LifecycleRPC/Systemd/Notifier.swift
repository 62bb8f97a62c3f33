internal import CSystemd
internal import LifecycleCore

/// Tells the service manager the state of the daemon. Does nothing if there is none (`NOTIFY_SOCKET` is not set).
///
/// Each call sends one datagram. Any thread may call it. Errors are ignored: if no datagrams come, the service manager
/// acts by itself.
package struct Notifier: Sendable {
    package init() {}

    /// The daemon has migrated the database, has expired due projects and is listening.
    /// - Parameter status: the text that `systemctl status` shows.
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

    /// The daemon works. Must be called more often than once in `watchdogInterval`. systemd advises half of it.
    package func watchdog() {
        send("WATCHDOG=1")
    }

    /// The time after which the service manager kills the daemon if it gets no notification (`WatchdogSec=` of the
    /// unit). `nil` if it does not watch this process.
    package static var watchdogInterval: Duration? {
        var microseconds: UInt64 = 0
        guard sd_watchdog_enabled(0, &microseconds) > 0 else { return nil }
        return .microseconds(Int64(clamping: microseconds))
    }

    /// One assignment per line. Values must be escaped, because a line break would begin another assignment.
    private func send(_ assignments: String) {
        _ = sd_notify(0, assignments)
    }
}
