internal import LifecycleCore
internal import LifecycleSQLite

/// The daemon's ledger on SQLite in memory, with the same schema and rules, and one transaction per request. Not
/// `Sendable`: used by one thread at a time.
final class MemoryLedger {
    private let database: Database
    private let writes: SQLiteWriteTransaction
    private let transaction: WriteTransaction
    private let nextDeadline = NextDeadline()
    /// When the daemon was last restarted: see `Sweep.settle`.
    var resumedAt: Timestamp?

    /// - Parameter sinceStart: the milliseconds since the machine started.
    init(sinceStart: @escaping @Sendable () -> Int64) throws(StorageError) {
        database = try .inMemory()
        try Migrator.run(Schema.migrations, on: database)
        writes = try SQLiteWriteTransaction(database, sinceStart: sinceStart)
        writes.backups = NoBackups()
        transaction = WriteTransaction(writes, nextDeadline)
    }

    /// The number of the newest committed event.
    var newestEvent: Int64 { writes.newestEvent }

    func read<Value>(
        at now: Timestamp, _ body: (ReadTransaction) throws(RPCError) -> Value
    ) throws(RPCError) -> Value {
        transaction.begin(at: now)
        return try body(transaction)
    }

    /// - Parameter isKept: false to roll back a successful write at its end.
    func write<Value>(
        at now: Timestamp, isKept: Bool = true, _ body: (WriteTransaction) throws(RPCError) -> Value
    ) throws(RPCError) -> Value {
        try execute("BEGIN")
        transaction.begin(at: now)
        do throws(RPCError) {
            let value = try body(transaction)
            if isKept { try commit() } else { rollBack() }
            return value
        } catch {
            if error.keepsWrites { try commit() } else { rollBack() }
            throw error
        }
    }

    /// Fails and refunds all due projects.
    func settle(_ context: CallContext) throws(RPCError) {
        guard nextDeadline.time <= context.now else { return }
        var due = Sweep.batch
        while due == Sweep.batch {
            due = try write(at: context.now) { store throws(RPCError) in
                try Sweep.run(in: store, context, resumedAt: resumedAt)
            }
        }
        nextDeadline.time =
            try transaction.reporting { () throws(StorageError) in try writes.earliestDeadline() }
            ?? Timestamp(milliseconds: .max)
    }

    private func commit() throws(RPCError) {
        // Lists do not include waiting heartbeats, so these are written at once.
        try transaction.reporting { () throws(StorageError) in try writes.writeBeats() }
        try execute("COMMIT")
        writes.commit()
    }

    private func rollBack() {
        database.rollBack()
        writes.rollBack()
    }

    private func execute(_ sql: String) throws(RPCError) {
        try transaction.reporting { () throws(StorageError) in try database.execute(sql) }
    }
}

private struct NoBackups: BackupMaker {
    func make(_ path: String, from source: Database) throws(BackupFailure) -> BackupReport {
        throw BackupFailure("this ledger is in the memory of its process and has no file")
    }
}
