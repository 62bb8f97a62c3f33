internal import LifecycleCore
internal import LifecycleSystem
internal import Logging
internal import NIOCore
internal import NIOPosix
internal import ServiceLifecycle

/// Builds the daemon (store → listener → hub → server) and runs it until a signal, idleness or a failure.
package struct Daemon: Sendable {
    private let configuration: DaemonConfiguration

    private let onStopRequest: StopRequests

    /// Registers a callback for a request to stop. If the request has come already, it is called at once.
    package typealias StopRequests = @Sendable (@escaping @Sendable () -> Void) throws(DaemonError) -> Void

    package init(_ configuration: DaemonConfiguration, onStopRequest: @escaping StopRequests) {
        self.configuration = configuration
        self.onStopRequest = onStopRequest
    }

    /// Returns after an orderly stop. Even if it throws, all acknowledged writes are on disk.
    package func run() async throws(DaemonError) {
        let log = DaemonLog()
        let inherited = try inheritedListener()

        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let eventLoop = group.next()
        let stop = StopSignal()
        try stopWhenAsked(stop)
        let loopWatch = LoopWatch(toleranceMilliseconds: ClockWatch.tolerance)
        let metrics = MetricsRegistry()
        let telemetry = Telemetry(metrics, log)
        let watched = NIOLoopBoundBox.makeEmptyBox(valueType: Hub.self, eventLoop: eventLoop)
        let storage = StorageMetrics(metrics, databasePath: configuration.databasePath, log)
        let environment = Store.Environment(
            clock: systemClock, limits: configuration.limits, metrics: storage,
            deliver: { work in
                loopWatch.asked(at: systemUptime())
                eventLoop.execute {
                    loopWatch.answered(at: systemUptime())
                    work()
                }
            },
            onBatch: { telemetry.count(batchOf: $0, took: $1) },
            onSweep: { telemetry.log($0, by: $1) },
            onCommit: { seq in eventLoop.execute { watched.value?.feed.committed(seq) } },
            schedule: { delay, work in eventLoop.scheduleTask(in: TimeAmount(delay), work) },
            patience: ClockWatch.tolerance, hasLoopPaused: { loopWatch.hasPaused(at: $0) },
            onError: { if $0.isFatal { stop.stop(.failed($0)) } else { telemetry.log($0) } },
            onClockJump: { telemetry.log($0) },
            backupFolder: configuration.backupFolder, onBackup: { storage.backup($0, took: $1) },
            onLog: { storage.log($0) })

        let store: Store
        do throws(StorageError) {
            store = try Store(path: configuration.databasePath, environment)
        } catch {
            throw .storage(error)
        }
        // The socket is made only now: a daemon that could not lock the database must not replace the other's socket.
        let listener = if let inherited { inherited } else { try ownListener() }
        defer { listener.remove() }
        let reason: StopSignal.Reason
        // On a separate thread, because the backup folder may be on a disk that answers late or never.
        try? SystemThread.start { storage.newestBackup(store.newestBackup()) }
        do {
            let hub = try await eventLoop.submit {
                let hub = Hub(
                    eventLoop: eventLoop, store: store, reader: try store.makeReader(), environment: environment,
                    telemetry: telemetry, watch: loopWatch)
                watched.value = hub
                return NIOLoopBound(hub, eventLoop: eventLoop)
            }.get()
            let roles = RoleMap(configuration.groups)
            if !roles.missing.isEmpty {
                log.write(.groupsMissing, [.groups: roles.missing.joined(separator: " ")])
            }
            for reason in roles.unmatched { log.write(.unmappedID, [.reason: reason]) }
            let server = try await Server(
                listener, hub: hub, roles: roles, limits: configuration.limits, on: eventLoop)
            watch(listener, on: eventLoop, stop)
            let service = DaemonService(
                server: server, store: store, hub: hub, eventLoop: eventLoop, stop: stop, log: log,
                configuration: configuration)
            let services = ServiceGroup(
                configuration: ServiceGroupConfiguration(
                    services: [
                        .init(service: service, successTerminationBehavior: .gracefullyShutdownGroup),
                        .init(service: Watchdog(store: store, eventLoop: eventLoop)),
                        .init(
                            service: RetentionService(
                                writes: store.writes, keepDays: configuration.keepDays, log: log,
                                onWait: { storage.retention($0) })),
                    ],
                    logger: Logger(label: "lifecycle")))
            try await services.run()
            reason = await service.reason
            // An event loop that hangs cannot be shut down. It ends with the process.
            if await !service.leftLoop { try await group.shutdownGracefully() }
        } catch let error as StorageError {
            throw .storage(error)
        } catch {
            throw .other("\(error)")
        }
        switch reason {
        case .requested, .idle: return
        case .listenerLost(let why): throw .other("\(why), so no caller could connect any more")
        case .failed(let error): throw .failed(error)
        case .inconsistent(let findings): throw .inconsistent(findings)
        }
    }

    /// A request to stop also counts during the start: the start is finished first, then the daemon stops in order.
    private func stopWhenAsked(_ stop: StopSignal) throws(DaemonError) {
        let timeout = configuration.limits.drainTimeout
        try onStopRequest {
            stop.stop(.requested)
            LastResort.arm(at: StopTimes(timeout, from: .now).ended)
        }
    }

    /// Checks the socket's path, because a listener whose path was removed or replaced gets no error.
    private func watch(_ listener: Listener, on eventLoop: any EventLoop, _ stop: StopSignal) {
        guard listener.isOwn else { return }
        eventLoop.scheduleRepeatedTask(initialDelay: .seconds(2), delay: .seconds(2)) { task in
            guard let loss = listener.loss else { return }
            task.cancel()
            stop.stop(.listenerLost(loss))
        }
    }

    /// The first step, because it changes the environment, which has no lock.
    private func inheritedListener() throws(DaemonError) -> Listener? {
        let descriptor: Int32?
        do throws(ActivationError) {
            descriptor = try SocketActivation.inheritedListener()
        } catch {
            throw .listen(error.description)
        }
        if let descriptor { return Listener(inherited: descriptor) }
        guard configuration.socketPath != nil else {
            throw .listen("systemd passed no socket: give --socket PATH to listen on a socket that lifecycled makes")
        }
        return nil
    }

    private func ownListener() throws(DaemonError) -> Listener {
        do throws(ListenError) {
            return try Listener(path: configuration.socketPath ?? "")
        } catch {
            throw .listen(error.description)
        }
    }
}
