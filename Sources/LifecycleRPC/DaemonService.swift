internal import LifecycleCore
internal import NIOCore
internal import ServiceLifecycle

/// Runs the daemon from READY to its end.
actor DaemonService: Service {
    /// Why the daemon ended. Valid after `run`.
    private(set) var reason = StopSignal.Reason.requested
    /// The event loop did not answer at the end. Valid after `run`.
    private(set) var leftLoop = false

    private let server: Server
    private let store: Store
    private let hub: NIOLoopBound<Hub>
    private let eventLoop: any EventLoop
    private let stop: StopSignal
    private let log: DaemonLog
    private let configuration: DaemonConfiguration

    init(
        server: Server, store: Store, hub: NIOLoopBound<Hub>, eventLoop: any EventLoop, stop: StopSignal,
        log: DaemonLog, configuration: DaemonConfiguration
    ) {
        self.server = server
        self.store = store
        self.hub = hub
        self.eventLoop = eventLoop
        self.stop = stop
        self.log = log
        self.configuration = configuration
    }

    func run() async {
        if store.stoppedUncleanly { verify() }
        watchForIdleness()
        // Only the first reason counts, so closing the listener during a stop has no effect here.
        server.whenListenerCloses { [stop] in stop.stop(.listenerLost("the listener was lost")) }
        server.startAccepting()
        Notifier().ready(status: "serving \(configuration.databasePath)")
        log.write(.ready, [.database: configuration.databasePath, .version: LifecycleCore.version])

        let stop = stop
        let (reason, begin) = await withGracefulShutdownHandler {
            await stop.first()
        } onGracefulShutdown: {
            stop.stop(.requested)
        }
        self.reason = reason
        let times = StopTimes(drainSeconds, from: begin)
        LastResort.arm(at: times.ended)
        Notifier().stopping()
        report()
        server.stopAccepting()
        // Backups end while requests are answered, so that their callers get an answer too.
        let backups = Task { [store] in await store.stopBackups(by: times.drained) }
        leftLoop = await !server.drain(until: times.drained, orLeaveAt: times.written)
        await backups.value
        // Not fatal if a long read keeps the log from being emptied: the log is complete.
        if let error = await store.close(by: times.written), error.isFatal {
            log.write(.storageFailed, [.error: "\(error)"])
            switch reason {
            case .requested, .idle, .listenerLost: self.reason = .failed(error)
            case .failed, .inconsistent: break  // The first failure explains the later ones.
            }
        }
    }

    /// Short after a failure, so that the next daemon can serve the callers soon.
    private var drainSeconds: Int64 {
        switch reason {
        case .requested, .idle, .listenerLost: configuration.limits.drainTimeout
        case .failed, .inconsistent: 1
        }
    }

    private func report() {
        switch reason {
        case .requested: log.write(.stopping)
        case .idle: log.write(.stoppingIdle)
        case .listenerLost(let why): log.write(.listenerLost, [.reason: why])
        case .failed(let error): log.write(.storageFailed, [.error: "\(error)"])
        case .inconsistent(let findings):
            for finding in findings.prefix(20) {
                log.write(.ledgerInconsistent, [.finding: finding])
            }
        }
    }

    /// Checks the database in the background, so that requests do not wait for it.
    private func verify() {
        log.write(.uncleanLastRun)
        store.verify { [stop, log] result in
            switch result {
            case .success(let findings) where findings.isEmpty: log.write(.databaseInOrder)
            case .success(let findings): stop.stop(.inconsistent(findings))
            case .failure(let error) where error.isFatal: stop.stop(.failed(error))
            case .failure(let error): log.write(.databaseUnchecked, [.error: "\(error)"])
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
                // Before `stopAccepting`, because a closed listener is a reason too, and the first one counts.
                stop.stop(.idle)
                server.stopAccepting()
            }
            timer.start()
        }
    }
}
