/// The storage of a ledger, as the writer uses it: one transaction at a time, in the order `begin`, any number of
/// savepoints, `commit`, `makeDurable`. All calls are made on the writer's thread. `docs/contributing.md` says how to
/// add an engine.
package protocol LedgerEngine: AnyObject {
    /// The open transaction. The object stays the same for the life of the engine.
    var transaction: any LedgerTransaction { get }

    // MARK: One transaction

    func begin() throws(StorageError)
    /// Begins one request in the open transaction. Savepoints are not nested.
    func savepoint() throws(StorageError)
    /// Ends the request. Its changes are kept.
    func release() throws(StorageError)
    /// Undoes all changes since `savepoint`, which stays open.
    func rollBackToSavepoint() throws(StorageError)
    /// Ends the transaction. Its changes are visible to new snapshots, and may be lost in a power cut until they are
    /// durable.
    /// - Parameter isCharge: whether it takes credits or gives new ones. Then it may be refused, to keep room for
    ///   captures and refunds.
    /// - Throws: the transaction is rolled back, unless its outcome is unknown.
    func commit(isCharge: Bool) throws(CommitError) -> CommitNumber
    /// Undoes the open transaction, if there is one. Never fails: after some errors it is undone already.
    func rollBack()
    /// Returns when this commit, and all commits before it, survive a power cut and the end of the process.
    /// - Throws: it is unknown whether they will survive.
    func makeDurable(_ commit: CommitNumber) throws(StorageError)

    // MARK: Room

    /// The disk has no room for charges and grants. The writer refuses them until `leaveFullDisk` finds room.
    var isDiskFull: Bool { get }
    /// A transaction was refused because there is no room.
    func enterFullDisk()
    /// Ends the state of a full disk if there is enough room again.
    func leaveFullDisk() throws(StorageError)
    /// Makes room for captures and refunds, after one of them was refused.
    /// - Returns: whether there may be room now, so that a second try is worthwhile.
    func regainRoom() throws(StorageError) -> Bool

    // MARK: Between transactions

    /// Gives back space that is not needed any more. Called after each commit group.
    func reclaimSpace() throws(StorageError)
    /// Whether `reclaimSpace` has to be called again in 1 second, even if no request arrives.
    var isWatchful: Bool { get }
    /// Whether the ledger is still in place and can be written to.
    func checkAlive() throws(StorageError)
    /// Ends all use of the ledger. The next start finds a clean stop.
    func close() throws(StorageError)
}

/// For engines that always have room.
extension LedgerEngine {
    package var isDiskFull: Bool { false }
    package func enterFullDisk() {}
    package func leaveFullDisk() throws(StorageError) {}
    package func regainRoom() throws(StorageError) -> Bool { false }
    package func reclaimSpace() throws(StorageError) {}
    package var isWatchful: Bool { false }
}

/// The number of a commit. It grows by one with each commit of the engine since it was opened.
package struct CommitNumber: Sendable, Comparable {
    /// No commit yet.
    package static let none = CommitNumber(0)

    package let value: UInt64

    package init(_ value: UInt64) { self.value = value }

    package var next: CommitNumber { CommitNumber(value &+ 1) }

    package static func < (left: Self, right: Self) -> Bool { left.value < right.value }
}

package struct CommitError: Error, Sendable {
    package let cause: StorageError
    /// The commit itself failed, and the transaction may be durable nevertheless.
    package let isOutcomeUnknown: Bool

    package init(_ cause: StorageError, isOutcomeUnknown: Bool = false) {
        self.cause = cause
        self.isOutcomeUnknown = isOutcomeUnknown
    }
}
