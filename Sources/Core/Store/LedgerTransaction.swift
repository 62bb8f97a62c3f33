/// The open transaction of an engine. The engine begins and ends it; what it keeps in memory is rolled back with it. If
/// a write breaks a rule of the ledger (an overdraft, a second verdict), it throws `constraint`.
package protocol LedgerTransaction: LedgerReads {
    // MARK: Writes of the rules

    /// An id that sorts after all ids that were made before.
    func makeProjectID(at now: Timestamp) -> ProjectID
    /// The request that used the key. A key belongs to one user, over all methods.
    func request(of userId: String, key: String) throws(StorageError) -> EarlierRequest?
    /// Makes an account with zero credits. The user must not have one.
    func openAccount(of userId: String) throws(StorageError) -> Account
    /// Inserts the project and charges its user.
    func create(_ project: NewProject, at now: Timestamp) throws(StorageError) -> StoredProject
    /// pending → processing.
    func start(_ project: StoredProject, deadline: Timestamp?, at now: Timestamp) throws(StorageError)
    /// Moves the deadline.
    func renew(_ project: StoredProject, deadline: Timestamp?, at now: Timestamp) throws(StorageError)
    /// Ends the project and its hold: `completed` captures the credits, `failed` refunds them.
    func finish(_ project: StoredProject, _ verdict: Verdict, at now: Timestamp) throws(StorageError)
    /// Records a heartbeat. It is on disk at most 1 second later, and not in the history.
    func beat(_ project: StoredProject, _ beat: Beat) throws(StorageError)
    /// Writes the pause of `project`, or that it has none, and the times that depend on it.
    func setPause(of project: StoredProject, at now: Timestamp) throws(StorageError)
    /// Records that the app asked to cancel the project, so that the next heartbeat tells the pipeline.
    func requestCancel(of project: StoredProject, at now: Timestamp) throws(StorageError)
    /// Records that the lease holder is gone. The project fails at `deadline`.
    func detach(_ project: StoredProject, deadline: Timestamp, at now: Timestamp) throws(StorageError)
    func recordExternalID(_ id: String, of project: StoredProject, at now: Timestamp) throws(StorageError)
    func countRefusedReport(of project: StoredProject) throws(StorageError)
    /// Writes a grant or an adjustment, and changes the account by its credits.
    func post(_ entry: NewEntry, at now: Timestamp) throws(StorageError) -> Entry
    func record(_ event: NewEvent, by caller: Caller, at now: Timestamp) throws(StorageError)
    /// The number of the last event that was written. 0 if there is none.
    var newestEvent: Int64 { get }
    /// Removes the history, name, metadata and messages of projects that ended before `end`, and events before `end` of
    /// projects that were trimmed earlier. It reads `Retention.window` projects after `row`, and trims at most
    /// `Retention.batch` of them.
    func trimProjects(
        finishedBefore end: Timestamp, after row: Int64, at now: Timestamp
    ) throws(StorageError) -> Retention.Step

    // MARK: Heartbeats

    /// Whether any heartbeat waits to be written to disk.
    var hasWaitingBeats: Bool { get }
    /// Writes all waiting heartbeats.
    func writeBeats() throws(StorageError)

    // MARK: The clock

    /// Compares the clock with its record, and updates the record if there is news.
    func lookAtClock(
        at now: Timestamp
    ) throws(StorageError) -> (agreement: ClockAgreement, change: ClockAgreement.Change)
    /// The next unfinished projects after `last`, in descending order of their deadlines.
    func unfinishedProjects(below last: StoredProject?, limit: Int) throws(StorageError) -> [StoredProject]
    /// Adds the length of the current pause. Only rules that change a pause need it.
    func withPauseLength(_ project: StoredProject) throws(StorageError) -> StoredProject
    /// The clock went back: moves the deadline of the project, and the end of its pause, to an earlier time.
    /// - Parameters:
    ///   - project: the project with the new end of its pause.
    ///   - runtimeEnd: `nil` to keep the old one.
    func setBack(
        _ project: StoredProject, deadline: Timestamp, runtimeEnd: Timestamp?, at now: Timestamp
    ) throws(StorageError)
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
    package func withPauseLength(_ project: StoredProject) throws(StorageError) -> StoredProject { project }
}
