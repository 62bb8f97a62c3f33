internal import Glibc
package import LifecycleCore

/// The ledger on disk: opened in the order that makes what was acknowledged before survive whatever ended the last run.
package final class Store: Sendable {
    package let writes: WriteQueue
    package let scans: ReaderPool
    /// The last run did not end in order: a kill, a crash, a power cut.
    package let stoppedUncleanly: Bool

    private let directory: StateDirectory
    private let onFailure: @Sendable (StorageError) -> Void

    package struct Environment: Sendable {
        package var clock: WallClock
        package var limits: Limits
        package var metrics: any MetricsSource
        /// Runs completions where the callers live.
        package var deliver: @Sendable (@escaping @Sendable () -> Void) -> Void
        package var onBatch: @Sendable (_ jobs: Int, _ took: Duration) -> Void
        /// Told what the daemon's clocks did, as which caller.
        package var onSweep: @Sendable (WriteOutcome, Caller) -> Void
        /// Nothing may be acknowledged after this. May be called more than once, from any thread.
        package var onFailure: @Sendable (StorageError) -> Void

        package init(
            clock: @escaping WallClock, limits: Limits, metrics: any MetricsSource,
            deliver: @escaping @Sendable (@escaping @Sendable () -> Void) -> Void,
            onBatch: @escaping @Sendable (_ jobs: Int, _ took: Duration) -> Void = { _, _ in },
            onSweep: @escaping @Sendable (WriteOutcome, Caller) -> Void = { _, _ in },
            onFailure: @escaping @Sendable (StorageError) -> Void
        ) {
            self.clock = clock
            self.limits = limits
            self.metrics = metrics
            self.deliver = deliver
            self.onBatch = onBatch
            self.onSweep = onSweep
            self.onFailure = onFailure
        }

        package func context(_ caller: Caller) -> CallContext {
            CallContext(now: clock(), caller: caller, limits: limits, metrics: metrics)
        }
    }

    /// Locks, repairs, migrates and sweeps. When it returns, the ledger is ready and its threads run.
    package init(path: String, _ environment: Environment) throws(StorageError) {
        directory = try StateDirectory(databasePath: path)
        stoppedUncleanly = try directory.rewriteWriteAheadLog()
        onFailure = environment.onFailure
        let path = directory.databasePath
        let database = try Database(path: path, mode: .writer)
        try database.checkpoint(.truncate)
        try Migrator.run(Schema.migrations, on: database)
        try directory.sync()
        try directory.markCreated()

        let writer = try Writer(
            database, identity: FileIdentity(databasePath: path), ballast: Ballast(databasePath: path),
            context: { environment.context($0) })
        try writer.sweep(as: .daemon, grantsGrace: true) { environment.onSweep($0, .daemon) }

        writes = WriteQueue(
            limit: environment.limits.maximumQueuedWrites, deliver: environment.deliver,
            onBatch: environment.onBatch, onFailure: environment.onFailure)
        scans = ReaderPool(deliver: environment.deliver)
        do throws(SystemCallError) {
            try writes.start(writer)
        } catch {
            throw StorageError(.cannotOpen, code: error.code, error.description)
        }
        try scans.start { () throws(StorageError) in try makeReader() }
    }

    /// A connection for point reads, to be used on the thread that asks for it.
    package func makeReader() throws(StorageError) -> sending Reader {
        try Reader(path: directory.databasePath, onFailure: onFailure)
    }

    /// After an unclean stop: checks the whole file and the whole ledger while callers are already served.
    /// - Parameter completion: gets one sentence for each thing found, on a thread of the store.
    package func verify(_ completion: @escaping @Sendable (Result<[String], StorageError>) -> Void) {
        scans.verify(completion)
    }

    /// Writes what is queued, empties the WAL and closes. Returns when all is on disk.
    package func close() async {
        scans.close()
        await withCheckedContinuation { done in writes.close { done.resume() } }
    }
}

extension Caller {
    /// The daemon itself, as the one who fails what nobody reported.
    static let daemon = Caller(uid: geteuid(), gid: getegid(), pid: getpid(), roles: [.admin])
}
