internal import LifecycleCore
internal import LifecycleSQLite
internal import NIOCore
internal import ServiceLifecycle

/// The daemon's life from READY to its end.
actor DaemonService: Service {
    /// Why it ended; to be read afterwards.
    private(set) var reason = StopSignal.Reason.requested
    /// The event loop did not answer at the end; to be read afterwards.
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
        // Counts only as the first reason, so not when the listener is closed on the way to a stop.
        server.whenDeaf { [stop] in stop.stop(.deaf("the listener was lost")) }
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
        // Who asked for a backup is told while others are answered.
        let backups = Task { [store] in await store.stopBackups(by: times.drained) }
        leftLoop = await !server.drain(until: times.drained, orLeaveAt: times.written)
        await backups.value
        // Busy: a long read is in the way of emptying the WAL, which is whole.
        if let error = await store.close(by: times.written), error.isFatal {
            log.write(.storageFailed, [.error: "\(error)"])
            switch reason {
            case .requested, .idle, .deaf: self.reason = .failed(error)
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
        case .requested: log.write(.stopping)
        case .idle: log.write(.stoppingIdle)
        case .deaf(let why): log.write(.listenerLost, [.reason: why])
        case .failed(let error): log.write(.storageFailed, [.error: "\(error)"])
        case .inconsistent(let findings):
            for finding in findings.prefix(20) {
                log.write(.ledgerInconsistent, [.finding: finding])
            }
        }
    }

    /// In the background: the first answer does not wait for it.
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
                // The reason first: the closed listener is one, too.
                stop.stop(.idle)
                server.stopAccepting()
            }
            timer.start()
        }
    }
}
