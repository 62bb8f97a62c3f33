internal import NIOCore

/// Says when the daemon is of no use to anybody: for `timeout` nobody was connected, and no project waits for its
/// deadline. Not `Sendable`: the hub's event loop's own.
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
            // Somebody came meanwhile: the timer is armed anew when the last one leaves.
            guard self.hub.isIdle else { return }
            if self.hub.hasUnfinishedProjects() {
                self.arm()  // Nobody may ever come again: look later.
            } else {
                self.onIdle()
            }
        }
    }
}
