internal import LifecycleCore
internal import LifecycleRPC
internal import Synchronization

/// What is left of a ledger in memory when its engine is gone, as a disk is.
final class ToyDisk: Sendable {
    /// What readers see.
    let committed = Mutex(ToyState())
    /// What survives a power cut.
    let durable = Mutex(ToyState())

    func cutPower() { committed.withLock { $0 = durable.withLock(\.self) } }
}

/// The smallest engine that carries the daemon: values in memory.
final class ToyEngine: LedgerEngine {
    private let disk: ToyDisk
    private let ledger: ToyTransaction
    private var saved = ToyState()
    private var newest = CommitNumber.none

    init(_ disk: ToyDisk, sinceStart: @escaping Uptime) {
        self.disk = disk
        ledger = ToyTransaction(disk.committed.withLock(\.self), sinceStart)
    }

    var transaction: any LedgerTransaction { ledger }
    func begin() {}
    func savepoint() { saved = ledger.state }
    func release() {}
    func rollBackToSavepoint() { ledger.state = saved }
    func rollBack() { ledger.state = disk.committed.withLock(\.self) }

    func commit(isCharge: Bool) -> CommitNumber {
        disk.committed.withLock { $0 = ledger.state }
        newest = newest.next
        return newest
    }

    func makeDurable(_ commit: CommitNumber) { disk.durable.withLock { $0 = disk.committed.withLock(\.self) } }
    func checkAlive() {}
    func close() {}
}

struct ToySnapshots: LedgerSnapshots, LedgerBackups {
    let disk: ToyDisk
    var showsUndurableCommits: Bool { true }
    func makeReader() -> sending any LedgerReader { ToyReader(disk) }
    func newest() -> (time: Int64, bytes: Int64)? { nil }
    func stop(by time: ContinuousClock.Instant) async {}
}

final class ToyReader: LedgerReader {
    private let disk: ToyDisk
    private let ledger = ToyTransaction(ToyState())
    private var isOpen = false

    init(_ disk: ToyDisk) { self.disk = disk }

    var reads: any LedgerReads { ledger }
    func openSnapshot() {
        if !isOpen { ledger.state = disk.committed.withLock(\.self) }
        isOpen = true
    }
    func endSnapshot() { isOpen = false }
    var interrupter: any ReadInterrupter { NoInterrupter() }
    func giveBackMemory() {}

    private struct NoInterrupter: ReadInterrupter {
        func interrupt() {}
    }
}

extension OpenedLedger {
    static func toy(_ disk: ToyDisk, sinceStart: @escaping Uptime) -> sending OpenedLedger {
        let engine = ToyEngine(disk, sinceStart: sinceStart)
        let snapshots = ToySnapshots(disk: disk)
        return OpenedLedger(engine: engine, snapshots: snapshots, backups: snapshots, stoppedUncleanly: false)
    }
}
