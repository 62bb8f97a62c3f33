/// A transaction as its owner sees it, with what the rules have left in it besides their reads.
package protocol LedgerReadTransaction: ReadTransaction {
    /// Clears the results of the last request.
    func begin(at now: Timestamp)
    /// The due projects that the request has met. None while `LedgerTransaction.nextDeadline` is in the future: the
    /// writer moves it there for a second when it cannot expire anything. A project that was due in an older snapshot
    /// counts until the snapshot ends.
    var due: Due { get }
    /// Whether `due` is not empty. Asked for each request, and a copy of `due` costs more.
    var hasMetDue: Bool { get }
    /// The changes that the request makes on its connection.
    var effects: [ConnectionEffect] { get }
    /// The storage error behind the last `RPCError` that was thrown here. The owner needs it to decide whether to
    /// continue.
    var failure: StorageError? { get set }
    /// Whether there is a `failure`. Asked for each request, and a copy of it costs more.
    var hasFailure: Bool { get }
}

/// The writer's transaction. The engine begins and ends it; what it keeps in memory is rolled back with it.
package protocol LedgerTransaction: LedgerReadTransaction, WriteTransaction {
    /// The events of the current request, for the log.
    var steps: [NewEvent] { get }
    /// The number of the last event that was written. 0 if there is none.
    var newestEvent: Int64 { get }

    // MARK: Heartbeats

    /// Whether any heartbeat waits to be written to disk.
    var hasWaitingBeats: Bool { get }
    /// Writes all waiting heartbeats.
    func writeBeats() throws(StorageError)

    // MARK: Expiry

    /// The earliest deadline of all unfinished projects, or a time before it.
    var nextDeadline: NextDeadline { get }
    /// - Parameter userId: `nil` for all users. Then the project that is due for the longest time comes first.
    func dueProjects(ofUser userId: String?, at now: Timestamp, limit: Int) throws(RPCError) -> [StoredProject]
    /// The earliest of all deadlines; `nil` if no project is unfinished.
    func earliestDeadline() throws(StorageError) -> Timestamp?

    // MARK: The clock

    /// When the newest event was written; `nil` if there is none.
    func newestEventTime() throws(StorageError) -> Timestamp?
    /// Compares the clock with its record, and updates the record if there is news.
    func lookAtClock(
        at now: Timestamp
    ) throws(StorageError) -> (agreement: ClockAgreement, change: ClockAgreement.Change)
    /// The next unfinished projects after `last`, in descending order of their deadlines.
    func unfinishedProjects(below last: StoredProject?, limit: Int) throws(StorageError) -> [StoredProject]
    /// Adds the length of the current pause. Only rules that change a pause need it.
    func withPauseLength(_ project: StoredProject) throws(RPCError) -> StoredProject
    /// The clock went back: moves the deadline of the project, and the end of its pause, to an earlier time.
    /// - Parameters:
    ///   - project: the project with the new end of its pause.
    ///   - runtimeEnd: `nil` to keep the old one.
    func setBack(
        _ project: StoredProject, deadline: Timestamp, runtimeEnd: Timestamp?, at now: Timestamp
    ) throws(RPCError)
    /// The clock went forwards again, or the machine was restarted. Projects whose runtime ends earlier because the
    /// clock had been set back get this time back, but no more than their terms say.
    /// - Returns: whether there may be such projects left.
    func putForward(milliseconds: Int64, limits: Limits) throws(StorageError) -> Bool
    /// Whether the runtime of any project may end earlier than its terms say.
    func mayBeSetBack() throws(StorageError) -> Bool
}

/// For engines that write each heartbeat at once, and keep the length of a pause with its project.
extension LedgerTransaction {
    package var hasWaitingBeats: Bool { false }
    package func writeBeats() throws(StorageError) {}
    package func withPauseLength(_ project: StoredProject) throws(RPCError) -> StoredProject { project }
}

extension LedgerTransaction {
    package func dueProjects(at now: Timestamp, limit: Int) throws(RPCError) -> [StoredProject] {
        try dueProjects(ofUser: nil, at: now, limit: limit)
    }
}
