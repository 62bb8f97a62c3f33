internal import Glibc
internal import LifecycleCore
internal import LifecycleRPC
internal import Synchronization
internal import TestSupport

/// The engines that the daemon must work on. A new one gets a case here.
enum TestedEngine: String, CaseIterable, Sendable {
    case sqlite, toy

    /// A ledger that can be opened again and again, as after a restart of the daemon.
    func ledger(_ limits: Limits = Limits(), faults: EngineFaults = EngineFaults()) throws -> LedgerHarness {
        let folder = try ScratchFolder()
        let disk = ToyDisk()
        return try LedgerHarness(limits, in: folder) { environment throws(StorageError) in
            var opened =
                switch self {
                case .sqlite: try OpenedLedger.sqlite(path: folder.database, environment)
                case .toy: OpenedLedger.toy(disk, sinceStart: environment.sinceStart)
                }
            if self == .toy, faults.cutsPower { disk.cutPower() }
            opened.engine = FaultyEngine(opened.engine, faults)
            opened.snapshots = UndurableSnapshots(base: opened.snapshots)
            return opened
        }
    }
}

/// Readers of an engine that shows commits before they are durable, whether it does or not.
private struct UndurableSnapshots: LedgerSnapshots {
    let base: any LedgerSnapshots
    var showsUndurableCommits: Bool { true }
    func makeReader() throws(StorageError) -> sending any LedgerReader { try base.makeReader() }
}

/// What goes wrong in an engine, and when. May be used on any thread.
final class EngineFaults: Sendable {
    enum Point: CaseIterable, Sendable {
        case beforeCommit, afterCommit, afterDurable
    }

    private struct State {
        var next: Point?
        var isHeld = false
        var isWaiting = false
        var cutsPower = false
        var refusesExpiries = false
    }

    private let state = Mutex(State())

    /// The engine fails once at this point.
    func fail(_ point: Point) { state.withLock { $0.next = point } }

    /// What is not durable is lost when the ledger is opened again.
    var cutsPower: Bool {
        get { state.withLock(\.cutsPower) }
        set { state.withLock { $0.cutsPower = newValue } }
    }

    /// The disk has no room for a transaction in which a project fails.
    var refusesExpiries: Bool {
        get { state.withLock(\.refusesExpiries) }
        set { state.withLock { $0.refusesExpiries = newValue } }
    }

    /// From now on no commit becomes durable until `release`.
    func hold() { state.withLock { $0.isHeld = true } }
    func release() { state.withLock { $0.isHeld = false } }
    /// A commit is held back.
    var isHolding: Bool { state.withLock(\.isWaiting) }

    fileprivate func passed(_ point: Point) throws(StorageError) {
        let isNext = state.withLock { state in
            guard state.next == point else { return false }
            state.next = nil
            return true
        }
        if isNext { throw StorageError(.io, "the test makes it fail \(point)") }
    }

    fileprivate func waitUntilReleased() {
        while state.withLock({ state in
            state.isWaiting = state.isHeld
            return state.isHeld
        }) { usleep(1000) }
    }
}

/// An engine that fails where the test says.
private final class FaultyEngine: LedgerEngine {
    private let base: any LedgerEngine
    private let faults: EngineFaults
    /// The number of the newest committed event.
    private var newestEvent: Int64

    init(_ base: any LedgerEngine, _ faults: EngineFaults) {
        (self.base, self.faults) = (base, faults)
        newestEvent = base.transaction.newestEvent
    }

    func commit(isCharge: Bool) throws(CommitError) -> CommitNumber {
        do throws(StorageError) {
            if faults.refusesExpiries {
                let events = try base.transaction.events(EventFilter(), after: newestEvent, limit: .max)
                if events.contains(where: { $0.kind == .failed }) {
                    throw StorageError(.full, "the test refuses expiries")
                }
            }
            try faults.passed(.beforeCommit)
        } catch {
            base.rollBack()
            throw CommitError(error)
        }
        let number = try base.commit(isCharge: isCharge)
        newestEvent = base.transaction.newestEvent
        return number
    }

    func makeDurable(_ commit: CommitNumber) throws(StorageError) {
        try faults.passed(.afterCommit)
        faults.waitUntilReleased()
        try base.makeDurable(commit)
        try faults.passed(.afterDurable)
    }

    var transaction: any LedgerTransaction { base.transaction }
    func begin() throws(StorageError) { try base.begin() }
    func savepoint() throws(StorageError) { try base.savepoint() }
    func release() throws(StorageError) { try base.release() }
    func rollBackToSavepoint() throws(StorageError) { try base.rollBackToSavepoint() }
    func rollBack() { base.rollBack() }
    var isDiskFull: Bool { base.isDiskFull }
    func enterFullDisk() { base.enterFullDisk() }
    func leaveFullDisk() throws(StorageError) { try base.leaveFullDisk() }
    func regainRoom() throws(StorageError) -> Bool { try base.regainRoom() }
    func reclaimSpace() throws(StorageError) { try base.reclaimSpace() }
    var isWatchful: Bool { base.isWatchful }
    func checkAlive() throws(StorageError) { try base.checkAlive() }
    func close() throws(StorageError) { try base.close() }
}
