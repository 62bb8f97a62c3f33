internal import Glibc
package import LifecycleCore
package import LifecycleSQLite

/// A read-only connection that runs reads in one snapshot. Not `Sendable`: used on one thread only.
package final class Reader {
    private let database: Database
    private let transaction: SQLiteReadTransaction
    private let begin: Statement
    private let end: Statement
    private let health: StorageHealth
    private let onError: @Sendable (StorageError) -> Void

    init(
        path: String, _ nextDeadline: NextDeadline, health: StorageHealth, backups: Backups? = nil,
        onError: @escaping @Sendable (StorageError) -> Void
    ) throws(StorageError) {
        database = try Database(path: path, mode: .reader)
        transaction = try SQLiteReadTransaction(database, nextDeadline)
        transaction.backups = backups
        begin = try database.prepare("BEGIN")
        end = try database.prepare("COMMIT")
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
        guard transaction.due.isEmpty else { return .due(transaction.due) }
        return .answered(result, transaction.effects)
    }

    /// The same for reads of the daemon itself.
    func read<Value>(_ body: (any ReadTransaction) throws(RPCError) -> Value) throws(RPCError) -> Value {
        transaction.failure = nil
        defer { report() }
        try openSnapshot()
        return try body(transaction)
    }

    private func report() {
        if let failure = transaction.failure, !failure.isInterruption { onError(failure) }
    }

    private func openSnapshot() throws(RPCError) {
        if health.hasFailed { throw .storageUnavailable("it failed and the daemon is stopping") }
        guard !database.isInTransaction else { return }
        transaction.earliestInSnapshot = transaction.nextDeadline.time
        try transaction.reporting { () throws(StorageError) in try begin.run() }
    }

    /// Ends the snapshot. The next read sees what was committed meanwhile.
    package func endSnapshot() {
        if database.isInTransaction { try? end.run() }
    }

    /// Interrupts the running statement from any thread. Valid while this object lives.
    var interrupter: Database.Interrupter {
        get throws(StorageError) { try database.interrupter }
    }

    /// Frees the cached pages of the file.
    package func giveBackMemory() { database.giveBackMemory() }

    /// Whether any project is unfinished: then the daemon has deadlines to watch.
    package func hasUnfinishedProjects() throws(StorageError) -> Bool {
        try database.integer("SELECT 1 FROM project WHERE deadline IS NOT NULL LIMIT 1") != nil
    }

    /// Runs the audit, as is needed after an unclean stop. Each of its statements is correct without the others, so
    /// each has its own snapshot: a common one would keep the WAL from being copied for longer.
    /// - Returns: one sentence for each finding.
    func verify() throws(StorageError) -> [String] {
        do throws(RPCError) {
            let findings = try transaction.audit().findings
            return findings.map { "\($0.check) \($0.subject): \($0.detail)" }
        } catch {
            throw transaction.failure ?? StorageError(.misuse, error.message)
        }
    }
}

/// The result of a read.
package enum ReadOutcome: Sendable {
    case answered(Result<Reply, RPCError>, [ConnectionEffect])
    /// The read met due projects. The caller has these expired first and then runs the read again.
    case due(Due)
}
