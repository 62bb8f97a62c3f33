internal import LifecycleCore
internal import LifecycleRPC
internal import Synchronization
internal import TestSupport
internal import Testing

/// A real store on a real file with a clock of the test's own. Requests go the daemon's way from their JSON text to the
/// text of the result, only without a socket.
final class LedgerHarness: Sendable {
    let folder: ScratchFolder
    let limits: Limits
    private let time: Mutex<Int64>
    /// What the monotonic clock shows.
    private let uptime = Mutex<Int64>(1_000_000)
    private let opened = Mutex<Opened?>(nil)
    private let errors = Mutex<[StorageError]>([])

    private struct Opened {
        let store: Store
        let reader: Reader
    }

    /// - Parameter start: what the clock shows, in milliseconds since 1970.
    init(_ limits: Limits = Limits(), start: Int64 = 1_800_000_000_000, in folder: ScratchFolder? = nil) throws {
        self.folder = try folder ?? ScratchFolder()
        self.limits = limits
        time = Mutex(start)
        try openOnce()
    }

    // MARK: Time

    /// To set it lets time pass: see `setClock` for a clock that is wrong.
    var now: Int64 {
        get { time.withLock(\.self) }
        set {
            let passed = time.withLock { time in
                defer { time = newValue }
                return newValue - time
            }
            uptime.withLock { $0 += passed }
        }
    }

    func advance(seconds: Int64) { now += seconds * 1000 }

    /// Somebody sets the wall clock, or the machine sleeps: no time passes that processes see.
    func jumpClock(seconds: Int64) { time.withLock { $0 += seconds * 1000 } }

    /// The alarm rings, and what is due has been settled when this returns.
    func tick() async throws {
        try store.writes.tick()
        try await settle(Due(isEverything: true))
    }

    func settle(_ due: Due) async throws {
        let store = try store
        await withCheckedContinuation { done in store.writes.settle(due) { done.resume() } }
    }

    // MARK: Opening and closing

    /// What the store says no more is acknowledged after.
    var fatalErrors: [StorageError] { errors.withLock(\.self).filter(\.isFatal) }

    var store: Store {
        get throws { try #require(opened.withLock { $0?.store }) }
    }

    /// A process that another test starts at this moment has a copy of the lock until it runs its program.
    func open() async throws {
        let end = ContinuousClock.now + .seconds(20)
        while true {
            do {
                return try openOnce()
            } catch let error as StorageError where error.kind == .locked && ContinuousClock.now < end {
                try await Task.sleep(for: .milliseconds(1))
            }
        }
    }

    private func openOnce() throws {
        let store = try Store(
            path: folder.database,
            Store.Environment(
                clock: { Timestamp(milliseconds: self.now) }, uptime: { self.uptime.withLock(\.self) },
                limits: limits, metrics: NoMetrics(),
                deliver: { $0() }, onError: { error in self.errors.withLock { $0.append(error) } }))
        try opened.withLock { $0 = Opened(store: store, reader: try store.makeReader()) }
    }

    func close() async {
        guard
            let store = opened.withLock({ opened in
                defer { opened = nil }
                return opened?.store
            })
        else { return }
        if let error = await store.close() { errors.withLock { $0.append(error) } }
    }

    func reopen() async throws {
        await close()
        try await open()
    }

    /// Lets the test at the file while no daemon has it open.
    func offline<Value>(_ body: (RawDatabase) throws -> Value) async throws -> Value {
        await close()
        let database = try RawDatabase(folder.database)
        let value = try body(database)
        database.close()
        try await open()
        return value
    }

    func context(_ caller: Caller) -> CallContext {
        CallContext(now: Timestamp(milliseconds: now), caller: caller, limits: limits, metrics: NoMetrics())
    }

    /// Runs a read on the harness' own connection, one at a time.
    func point(_ read: BoundCall.Read, _ caller: Caller) async throws(RPCError) -> [UInt8] {
        while true {
            let outcome: ReadOutcome = opened.withLock { opened in
                guard let opened else { return .answered(.failure(.stopping), []) }
                defer { opened.reader.endSnapshot() }
                guard case .answered(.success(let reply), _) = opened.reader.run(read, context(caller)) else {
                    return opened.reader.run(read, context(caller))
                }
                let text = text(reply)
                return .answered(.success { $0.raw(text) }, [])
            }
            switch outcome {
            case .answered(let result, _): return text(try result.get())
            case .due(let due): try? await settle(due)
            }
        }
    }
}

struct NoMetrics: MetricsSource {
    func report() -> GetMetrics.Response { .blank }
}

extension Caller {
    /// Ids that no process of this machine has, so that the history shows where they came from.
    static let tester = Caller(uid: 4_000_000_001, gid: 4_000_000_002, pid: 2_000_000_003, roles: [.admin])
}
