internal import LifecycleCore
internal import Logging
internal import NIOCore
internal import ServiceLifecycle

/// The daemon's life from READY to its end.
actor DaemonService: Service {
    /// Why it ended; to be read afterwards.
    private(set) var reason = StopSignal.Reason.requested

    private let server: Server
    private let store: Store
    private let hub: NIOLoopBound<Hub>
    private let eventLoop: any EventLoop
    private let stop: StopSignal
    private let logger: Logger
    private let configuration: DaemonConfiguration

    init(
        server: Server, store: Store, hub: NIOLoopBound<Hub>, eventLoop: any EventLoop, stop: StopSignal,
        logger: Logger, configuration: DaemonConfiguration
    ) {
        self.server = server
        self.store = store
        self.hub = hub
        self.eventLoop = eventLoop
        self.stop = stop
        self.logger = logger
        self.configuration = configuration
    }

    func run() async {
        if store.stoppedUncleanly { verify() }
        watchForIdleness()
        // Counts only as the first reason, so not when the listener is closed on the way to a stop.
        server.whenDeaf { [stop] in stop.stop(.deaf) }
        server.startAccepting()
        Notifier().ready(status: "serving \(configuration.databasePath)")
        logger.notice(
            "ready", metadata: ["database": "\(configuration.databasePath)", "version": "\(LifecycleCore.version)"])

        let stop = stop
        reason = await withGracefulShutdownHandler {
            await stop.first()
        } onGracefulShutdown: {
            stop.stop(.requested)
        }
        Notifier().stopping()
        report()
        server.stopAccepting()
        await store.stopBackups()
        await server.drain(atMost: drainSeconds)
        // Busy: a long read is in the way of emptying the WAL, which is whole.
        if let error = await store.close(), error.isFatal {
            logger.critical("storage failed", metadata: ["error": "\(error)"])
            switch reason {
            case .requested, .idle, .deaf: reason = .failed(error)
            case .failed, .inconsistent: break  // The first failure explains the later ones.
            }
        }
    }

    /// After a failure nobody waits for long: callers shall learn it from the next daemon.
    private var drainSeconds: Int64 {
        switch reason {
        case .requested, .idle, .deaf: configuration.limits.drainTimeout
        case .failed, .inconsistent: 1
        }
    }

    private func report() {
        switch reason {
        case .requested: logger.notice("stopping")
        case .idle: logger.notice("stopping: nobody is connected and no project is unfinished")
        case .deaf: logger.critical("the listener was lost; stopping, to be started anew")
        case .failed(let error): logger.critical("storage failed", metadata: ["error": "\(error)"])
        case .inconsistent(let findings):
            for finding in findings.prefix(20) {
                logger.critical("the ledger is inconsistent", metadata: ["finding": "\(finding)"])
            }
        }
    }

    /// In the background: the first answer does not wait for it.
    private func verify() {
        logger.notice("the last run did not end in order; checking the database in the background")
        store.verify { [stop, logger] result in
            switch result {
            case .success(let findings) where findings.isEmpty: logger.notice("the database is in order")
            case .success(let findings): stop.stop(.inconsistent(findings))
            case .failure(let error) where error.isFatal: stop.stop(.failed(error))
            case .failure(let error):
                logger.error("the database could not be checked", metadata: ["error": "\(error)"])
            }
        }
    }

    private func watchForIdleness() {
        guard configuration.idleExit > 0 else { return }
        let timeout = TimeAmount.seconds(configuration.idleExit)
        let hub = hub
        let server = server
        let stop = stop
        eventLoop.execute {
            let timer = IdleTimer(timeout: timeout, hub: hub.value, eventLoop: hub.eventLoop) {
                // The reason first: the closed listener is one, too.
                stop.stop(.idle)
                server.stopAccepting()
            }
            timer.start()
        }
    }
}
