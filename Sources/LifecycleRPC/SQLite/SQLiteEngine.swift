internal import LifecycleCore
internal import LifecycleSQLite

/// The ledger in a file of SQLite, on the only connection that writes and makes checkpoints. Not `Sendable`: used on
/// the writer's thread only.
final class SQLiteEngine: LedgerEngine {
    private let database: Database
    private let ledger: SQLiteWriteTransaction
    private let identity: FileIdentity
    private let log: LogKeeper
    private var newest = CommitNumber.none
    /// The state in memory at the savepoint.
    private var mark: SQLiteWriteTransaction.Mark

    private let beginStatement: Statement
    private let commitStatement: Statement
    private let rollback: Statement
    private let savepointStatement: Statement
    private let releaseStatement: Statement
    private let rollbackToSavepoint: Statement

    /// - Parameter sinceStart: the milliseconds since the machine started.
    init(
        _ database: Database, identity: FileIdentity, log: LogKeeper, sinceStart: @escaping Uptime = systemSinceStart
    ) throws(StorageError) {
        self.database = database
        self.identity = identity
        self.log = log
        ledger = try SQLiteWriteTransaction(database, sinceStart: sinceStart)
        mark = ledger.mark
        beginStatement = try database.prepare("BEGIN IMMEDIATE")
        commitStatement = try database.prepare("COMMIT")
        rollback = try database.prepare("ROLLBACK")
        savepointStatement = try database.prepare("SAVEPOINT request")
        releaseStatement = try database.prepare("RELEASE request")
        rollbackToSavepoint = try database.prepare("ROLLBACK TO request")
        try log.keepBallast()
    }

    var transaction: any LedgerTransaction { ledger }

    // MARK: One transaction

    func begin() throws(StorageError) { try beginStatement.run() }

    func savepoint() throws(StorageError) {
        try savepointStatement.run()
        mark = ledger.mark
    }

    func release() throws(StorageError) { try releaseStatement.run() }

    func rollBackToSavepoint() throws(StorageError) {
        try rollbackToSavepoint.run()
        ledger.rollBack(to: mark)
    }

    func commit(isCharge: Bool) throws(CommitError) -> CommitNumber {
        do throws(StorageError) {
            try log.prepareCommit(isCharge: isCharge)
            try commitStatement.run()
        } catch {
            rollBack()
            if error.kind == .moved { saveLostLog() }
            // A full disk is noticed while SQLite writes the WAL, before the commit mark. So nothing was committed.
            throw CommitError(error, isOutcomeUnknown: error.kind != .full && error.kind != .busy)
        }
        log.committed()
        ledger.commit()
        newest = newest.next
        return newest
    }

    func rollBack() {
        ledger.rollBack()
        // After some errors SQLite has already ended the transaction.
        if database.isInTransaction { try? rollback.run() }
    }

    /// COMMIT has synced the WAL (`synchronous = FULL`). What is left is whether the next start will find these files.
    func makeDurable(_ commit: CommitNumber) throws(StorageError) {
        do throws(StorageError) {
            try identity.verify()
        } catch {
            if error.kind == .moved { saveLostLog() }
            throw error
        }
    }

    /// The WAL was deleted but is still open here. Acknowledged writes are copied into the database before everything
    /// stops.
    private func saveLostLog() {
        if identity.hasLostLogOnly { _ = try? database.checkpoint(.truncate) }
    }

    // MARK: Room

    var isDiskFull: Bool { log.isDiskFull }
    func enterFullDisk() { log.enterFullDisk() }
    func leaveFullDisk() throws(StorageError) { try log.leaveFullDisk() }
    func regainRoom() throws(StorageError) -> Bool { try log.regainRoom() }

    // MARK: Between transactions

    func reclaimSpace() throws(StorageError) {
        try log.checkpointIfDue()
        log.look()
    }

    var isWatchful: Bool { log.isWatchful }

    func checkAlive() throws(StorageError) { try identity.verify() }

    /// Empties the WAL, so that the next start sees a clean stop, and closes the database.
    /// - Throws: `.moved` if the database file was deleted or replaced.
    func close() throws(StorageError) {
        try log.empty()
        try database.close()
        try identity.verifyDatabase()
    }
}
