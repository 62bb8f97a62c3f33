internal import LifecycleCore
internal import LifecycleRPC
internal import LifecycleSQLite
internal import Synchronization
internal import TestSupport
internal import Testing

/// A real store on a real file with a clock of the test's own. Requests go the daemon's way from their JSON text to the
/// text of the result, only without a socket.
final class LedgerHarness: Sendable {
    let folder: ScratchFolder
    /// Opens the ledger; `nil` for the file in the folder.
    private let engine: OpenEngine?
    let limits: Limits
    private let patience: Int64
    private let clocks: Mutex<Clocks>
    private let opened = Mutex<Opened?>(nil)
    private let errors = Mutex<[StorageError]>([])
    private let alarms = Mutex<[Alarm]>([])
    private let logReports = Mutex<[LogReport]>([])
    /// What the store told of its log.
    var reportsOfLog: [LogReport] { logReports.withLock(\.self) }
    /// What the store said to be the newest event on disk, each time.
    var lastCommitted: Int64? { commits.withLock(\.last) }
    /// How often it said so.
    var committedTimes: Int { commits.withLock(\.count) }
    private let commits = Mutex<[Int64]>([])
    /// Milliseconds, once.
    private let nextCommitTakes = Atomic<Int64>(0)
    /// What the store said of a clock that was set, each time.
    var clockJumps: [ClockJump] { jumps.withLock(\.self) }
    private let jumps = Mutex<[ClockJump]>([])
    /// What writes asked to be done to their connections.
    var effects: [ConnectionEffect] { askedEffects.withLock(\.self) }
    private let askedEffects = Mutex<[ConnectionEffect]>([])
    func add(_ effects: [ConnectionEffect]) { askedEffects.withLock { $0 += effects } }

    /// The event loop stood still, which the writer is told once.
    func pauseLoop() { hasLoopPaused.store(true, ordering: .relaxed) }
    private let hasLoopPaused = Atomic(false)

    /// In milliseconds.
    private struct Clocks {
        var wall: Int64
        /// The monotonic one.
        var uptime: Int64 = 1_000_000
        /// Since the machine's start; never goes back.
        var sinceStart: Int64 = 1_000_000
    }

    /// What the store wants to be called back for, and when by the monotonic clock.
    private struct Alarm {
        let time: Int64
        let ring: @Sendable () -> Void
    }

    private struct Opened {
        let store: Store
        let reader: Reader
    }

    typealias OpenEngine = @Sendable (Store.Environment) throws(StorageError) -> sending OpenedLedger

    /// - Parameters:
    ///   - start: what the clock shows, in milliseconds since 1970.
    ///   - patience: see `Store.Environment`.
    init(
        _ limits: Limits = Limits(), start: Int64 = 1_800_000_000_000, patience: Int64 = .max,
        in folder: ScratchFolder? = nil, on engine: OpenEngine? = nil
    ) throws {
        self.engine = engine
        self.patience = patience
        self.folder = try folder ?? ScratchFolder()
        self.limits = limits
        clocks = Mutex(Clocks(wall: start))
        try openOnce()
    }

    // MARK: Time

    /// To set it lets time pass: see `jumpClock` for a clock that is wrong.
    var now: Int64 {
        get { clocks.withLock(\.wall) }
        set {
            clocks.withLock { clocks in
                clocks.uptime += newValue - clocks.wall
                clocks.sinceStart += max(0, newValue - clocks.wall)
                clocks.wall = newValue
            }
        }
    }

    func advance(seconds: Int64) { now += seconds * 1000 }

    /// Somebody sets the wall clock, or the machine sleeps: no time passes that processes see.
    func jumpClock(seconds: Int64) { jumpClock(milliseconds: seconds * 1000) }

    func jumpClock(milliseconds: Int64) { clocks.withLock { $0.wall += milliseconds } }

    /// The machine is off for a while and starts again.
    func restartMachine(offFor seconds: Int64 = 60) {
        clocks.withLock { clocks in
            clocks.wall += seconds * 1000
            clocks.sinceStart = 0
        }
    }

    /// Time passes while nobody asks for anything: the daemon's own alarms ring when they are due.
    func sleep(milliseconds: Int64) async throws {
        let end = clocks.withLock(\.uptime) + milliseconds
        try await untilIdle()
        while true {
            let next = alarms.withLock { alarms -> Alarm? in
                guard let first = alarms.indices.min(by: { alarms[$0].time < alarms[$1].time }) else { return nil }
                return alarms[first].time <= end ? alarms.remove(at: first) : nil
            }
            guard let next else { break }
            now += max(0, next.time - clocks.withLock(\.uptime))
            next.ring()
            try await untilIdle()
        }
        now += end - clocks.withLock(\.uptime)
    }

    /// Time passes while the writer does something else, in the middle of it.
    func pauseInACommit(seconds: Int64) async throws {
        nextCommitTakes.store(seconds * 1000, ordering: .relaxed)
        try await grant(1, to: "somebody else")
        try await untilIdle()
    }

    /// Time passes after an alarm has rung for nothing and before the next one is set.
    func pauseBeforeTheNextAlarm(seconds: Int64) async throws {
        let store = try store
        let rings = alarms.withLock { alarms in
            defer { alarms = [] }
            return alarms.map(\.ring)
        }
        await withCheckedContinuation { done in
            // Sent while the writer is busy, so that it reads both at once.
            store.writes.check {
                for ring in rings { ring() }
                // Answered before the alarm is set, as a check is not.
                store.writes.expire(Due(isEverything: true)) {
                    self.advance(seconds: seconds)
                    done.resume()
                }
            }
        }
        try await untilIdle()
    }

    /// The alarm rings, and what is due has been settled when this returns.
    func tick() async throws {
        try store.writes.tick()
        try await expire(Due(isEverything: true))
        try await untilIdle()
    }

    /// The writer has done all that it does of itself at this time, and its next alarm is among ours. (A check is
    /// answered at the end of its round.)
    func untilIdle() async throws {
        let store = try store
        await withCheckedContinuation { done in store.writes.check { done.resume() } }
    }

    func expire(_ due: Due) async throws {
        let store = try store
        await withCheckedContinuation { done in store.writes.expire(due) { done.resume() } }
    }

    // MARK: Opening and closing

    /// What the store says no more is acknowledged after.
    var fatalErrors: [StorageError] { errors.withLock(\.self).filter(\.isFatal) }

    /// What it says and goes on after.
    var troubles: [StorageError] { errors.withLock(\.self).filter { !$0.isFatal } }

    var store: Store {
        get throws { try #require(opened.withLock { $0?.store }) }
    }

    /// A process that another test starts at this moment has a copy of the lock until it runs its program.
    func open() async throws {
        let end = ContinuousClock.now + .seconds(300)
        while true {
            do {
                return try openOnce()
            } catch let error as StorageError where error.kind == .locked && ContinuousClock.now < end {
                try await Task.sleep(for: .milliseconds(1))
            }
        }
    }

    private func openOnce() throws {
        let environment = Store.Environment(
            clock: { Timestamp(milliseconds: self.now) }, uptime: { self.clocks.withLock(\.uptime) },
            sinceStart: { self.clocks.withLock(\.sinceStart) }, limits: limits, metrics: NoMetrics(),
            deliver: { $0() },
            onCommit: { seq in
                self.commits.withLock { $0.append(seq) }
                self.now += self.nextCommitTakes.exchange(0, ordering: .relaxed)
            },
            schedule: { delay, ring in
                let (seconds, attoseconds) = delay.components
                let time = self.clocks.withLock(\.uptime) + seconds * 1000 + attoseconds / 1_000_000_000_000_000
                self.alarms.withLock { $0.append(Alarm(time: time, ring: ring)) }
            },
            patience: patience,
            hasLoopPaused: { _ in self.hasLoopPaused.exchange(false, ordering: .relaxed) },
            onError: { error in self.errors.withLock { $0.append(error) } },
            onClockJump: { jump in self.jumps.withLock { $0.append(jump) } },
            onLog: { report in self.logReports.withLock { $0.append(report) } })
        let store =
            try engine.map { try Store($0(environment), environment) }
            ?? Store(path: folder.database, environment)
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
            case .due(let due): try? await expire(due)
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
