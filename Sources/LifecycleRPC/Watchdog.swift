internal import NIOCore
internal import ServiceLifecycle

/// Notifies systemd's watchdog each time that the event loop and then the writer have answered. If one of them hangs,
/// systemd restarts the daemon.
struct Watchdog: Service {
    let store: Store
    let eventLoop: any EventLoop

    func run() async throws {
        guard let interval = Notifier.watchdogInterval else {
            return try await gracefulShutdown()
        }
        let (store, eventLoop) = (store, eventLoop)
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                eventLoop.execute { store.writes.check { Notifier().watchdog() } }
                try? await Task.sleep(for: interval / 2)
            }
        }
    }
}
