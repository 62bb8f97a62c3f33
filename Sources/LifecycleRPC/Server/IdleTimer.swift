internal import NIOCore

/// Calls back when there was no connection for `timeout` and there is no unfinished project. Not `Sendable`: only the
/// hub's event loop uses it.
final class IdleTimer {
    private let timeout: TimeAmount
    private let hub: Hub
    private let eventLoop: any EventLoop
    private let onIdle: () -> Void
    private var task: Scheduled<Void>?

    init(timeout: TimeAmount, hub: Hub, eventLoop: any EventLoop, onIdle: @escaping () -> Void) {
        self.timeout = timeout
        self.hub = hub
        self.eventLoop = eventLoop
        self.onIdle = onIdle
    }

    func start() {
        hub.onIdle = { self.arm() }
        if hub.isIdle { arm() }
    }

    private func arm() {
        task?.cancel()
        task = eventLoop.assumeIsolated().scheduleTask(in: timeout) {
            // There is a new connection. The timer starts again when the last connection ends.
            guard self.hub.isIdle else { return }
            if self.hub.hasUnfinishedProjects() {
                self.arm()  // Check again later, because there may never be another connection.
            } else {
                self.onIdle()
            }
        }
    }
}
