internal import NIOCore

/// Says when the daemon is of no use to anybody: for `timeout` nobody was connected, and no project waits for its
/// deadline. Used on the hub's event loop.
struct IdleTimer {
    let timeout: TimeAmount
    let hub: NIOLoopBound<Hub>
    let onIdle: @Sendable () -> Void

    func start() {
        hub.value.onIdle = { self.arm() }
        if hub.value.connectionCount == 0 { arm() }
    }

    private func arm() {
        let arrivals = hub.value.arrivals
        hub.eventLoop.scheduleTask(in: timeout) {
            // Somebody came meanwhile: the timer is armed anew when the last one leaves.
            guard hub.value.connectionCount == 0, hub.value.arrivals == arrivals else { return }
            if hub.value.hasUnfinishedProjects() {
                // Nobody may ever come again; look later.
                arm()
            } else {
                onIdle()
            }
        }
    }
}
