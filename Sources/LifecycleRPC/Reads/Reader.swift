package import LifecycleCore

/// Runs reads in one snapshot. Not `Sendable`: used on one thread only.
package final class Reader {
    private let snapshots: any LedgerReader
    private let transaction: ReadTransaction
    private let health: StorageHealth
    private let onError: @Sendable (StorageError) -> Void

    init(
        _ snapshots: any LedgerReader, _ nextDeadline: NextDeadline, health: StorageHealth,
        onError: @escaping @Sendable (StorageError) -> Void
    ) {
        self.snapshots = snapshots
        transaction = ReadTransaction(snapshots.reads, nextDeadline)
        self.health = health
        self.onError = onError
    }

    /// Runs a read in the open snapshot, or in a new one if none is open. The caller ends the snapshot.
    package func run(_ read: BoundCall.Read, _ context: CallContext) -> ReadOutcome {
        transaction.begin(at: context.now)
        defer { report() }
        let result = Result { () throws(RPCError) in
            try openSnapshot()
            return try read(transaction, context)
        }
        guard !transaction.hasMetDue else { return .due(transaction.due) }
        return .answered(result, transaction.effects)
    }

    /// The same for reads of the daemon itself.
    func read<Value>(_ body: (ReadTransaction) throws(RPCError) -> Value) throws(RPCError) -> Value {
        transaction.failure = nil
        defer { report() }
        try openSnapshot()
        return try body(transaction)
    }

    private func report() {
        guard transaction.hasFailure else { return }
        if let failure = transaction.failure, failure.kind != .interrupted { onError(failure) }
    }

    private func openSnapshot() throws(RPCError) {
        if health.hasFailed { throw .storageUnavailable("it failed and the daemon is stopping") }
        transaction.willOpenSnapshot()
        try transaction.reporting { () throws(StorageError) in try snapshots.openSnapshot() }
    }

    /// Ends the snapshot. The next read sees what was committed meanwhile.
    package func endSnapshot() {
        snapshots.endSnapshot()
        transaction.didEndSnapshot()
    }

    /// Interrupts the running read from any thread. Valid while this object lives.
    var interrupter: any ReadInterrupter { get throws(StorageError) { try snapshots.interrupter } }

    /// Frees memory that only makes reads faster.
    package func giveBackMemory() { snapshots.giveBackMemory() }

    /// Whether any project is unfinished: then the daemon has deadlines to watch.
    package func hasUnfinishedProjects() throws(StorageError) -> Bool {
        defer { endSnapshot() }
        transaction.willOpenSnapshot()
        try snapshots.openSnapshot()
        return try snapshots.reads.earliestDeadline() != nil
    }

    /// Runs the audit, as is needed after an unclean stop. Each of its statements is correct without the others, so
    /// each has its own snapshot: a common one would keep the WAL from being copied for longer.
    /// - Returns: one sentence for each finding.
    func verify() throws(StorageError) -> [String] {
        try snapshots.reads.audit().findings.map { "\($0.check) \($0.subject): \($0.detail)" }
    }
}

/// The result of a read.
package enum ReadOutcome: Sendable {
    case answered(Result<Reply, RPCError>, [ConnectionEffect])
    /// The read met due projects. The caller has these expired first and then runs the read again.
    case due(Due)
}
