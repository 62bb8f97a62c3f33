internal import LifecycleCore
internal import Logging
internal import NIOCore
internal import NIOPosix
internal import ServiceLifecycle
internal import UnixSignals

/// The daemon, put together: listener → store → hub → server, run until a signal, idleness or a failure ends it.
package struct Daemon: Sendable {
    private let configuration: DaemonConfiguration

    package init(_ configuration: DaemonConfiguration) {
        self.configuration = configuration
    }

    /// Returns after an orderly stop. Everything that was acknowledged is on disk, whatever it throws.
    package func run() async throws(DaemonError) {
        let logger = Logger(label: "lifecycled")
        let listener = try listener()
        defer { listener.remove() }

        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let eventLoop = group.next()
        let stop = StopSignal()
        let metrics = MetricsRegistry()
        let telemetry = Telemetry(metrics, logger)
        let environment = Store.Environment(
            clock: systemClock, limits: configuration.limits, metrics: metrics,
            deliver: { work in eventLoop.execute(work) },
            onBatch: { telemetry.count(batchOf: $0, took: $1) },
            onSweep: { telemetry.log($0, by: $1) },
            onFailure: { stop.stop(.failed($0)) })

        let store: Store
        do throws(StorageError) {
            store = try Store(path: configuration.databasePath, environment)
        } catch {
            throw .storage(error)
        }
        let reason: StopSignal.Reason
        do {
            let hub = try await eventLoop.submit {
                let hub = Hub(
                    eventLoop: eventLoop, store: store, reader: try store.makeReader(), environment: environment,
                    telemetry: telemetry)
                return NIOLoopBound(hub, eventLoop: eventLoop)
            }.get()
            let roles = RoleMap(configuration.groups)
            if !roles.missing.isEmpty {
                logger.notice(
                    "groups do not exist, so nobody has their roles", metadata: ["groups": "\(roles.missing)"])
            }
            let server = try await Server(
                listener, hub: hub, roles: roles, limits: configuration.limits, on: eventLoop)
            let service = DaemonService(
                server: server, store: store, hub: hub, eventLoop: eventLoop, stop: stop, logger: logger,
                configuration: configuration)
            let services = ServiceGroup(
                configuration: ServiceGroupConfiguration(
                    services: [
                        .init(service: service, successTerminationBehavior: .gracefullyShutdownGroup),
                        .init(service: Watchdog(store: store)),
                    ],
                    gracefulShutdownSignals: [.sigterm, .sigint], logger: Logger(label: "lifecycle")))
            try await services.run()
            reason = await service.reason
            try await group.shutdownGracefully()
        } catch {
            throw .other("\(error)")
        }
        switch reason {
        case .requested, .idle: return
        case .failed(let error): throw .failed(error)
        case .inconsistent(let findings): throw .inconsistent(findings)
        }
    }

    private func listener() throws(DaemonError) -> Listener {
        do throws(ActivationError) {
            if let descriptor = try SocketActivation.inheritedListener() { return Listener(inherited: descriptor) }
        } catch {
            throw .listen(error.description)
        }
        guard let path = configuration.socketPath else {
            throw .listen("systemd passed no socket: give --socket PATH to listen on one of your own")
        }
        do throws(ListenError) {
            return try Listener(path: path)
        } catch {
            throw .listen(error.description)
        }
    }
}
