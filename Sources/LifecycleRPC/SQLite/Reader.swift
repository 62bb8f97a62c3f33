internal import Glibc
package import LifecycleCore
package import LifecycleSQLite

/// A read-only connection and what it takes to run a read in one snapshot. Not `Sendable`: one thread's own.
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

    /// Runs a read in the snapshot that is open, opening one when there is none. Whoever calls ends it.
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

    /// The same for what is no request.
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

    /// Lets go of the snapshot: what was committed meanwhile is seen by the next read.
    package func endSnapshot() {
        if database.isInTransaction { try? end.run() }
    }

    /// Ends what it runs, from any thread, for as long as this lives.
    var interrupter: Database.Interrupter {
        get throws(StorageError) { try database.interrupter }
    }

    /// Forgets the pages that it keeps of the file.
    package func giveBackMemory() { database.giveBackMemory() }

    /// Whether any project is neither completed nor failed: such a daemon has something to watch over.
    package func hasUnfinishedProjects() throws(StorageError) -> Bool {
        try database.integer("SELECT 1 FROM project WHERE deadline IS NOT NULL LIMIT 1") != nil
    }

    /// What an unclean stop asks for: an audit. Each of its statements is right by itself: one snapshot for all of them
    /// would only be longer in the way of the log.
    /// - Returns: one sentence for each thing found.
    func verify() throws(StorageError) -> [String] {
        do throws(RPCError) {
            let findings = try transaction.audit().findings
            return findings.map { "\($0.check) \($0.subject): \($0.detail)" }
        } catch {
            throw transaction.failure ?? StorageError(.misuse, error.message)
        }
    }
}

/// What came of a read.
package enum ReadOutcome: Sendable {
    case answered(Result<Reply, RPCError>, [ConnectionEffect])
    /// It saw what is past its deadline: that is settled first, then it is asked again.
    case due(Due)
}
