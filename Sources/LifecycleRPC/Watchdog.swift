internal import ServiceLifecycle

/// Tells systemd that the daemon is alive, each time the writer has answered: a writer that hangs is restarted.
struct Watchdog: Service {
    let store: Store

    func run() async throws {
        guard let interval = Notifier.watchdogInterval else {
            return try await gracefulShutdown()
        }
        let store = store
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                store.writes.check { Notifier().watchdog() }
                try? await Task.sleep(for: interval / 2)
            }
        }
    }
}
