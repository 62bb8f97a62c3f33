/// The reads that a rule may make. All reads of a transaction see the same snapshot. Only the thread that runs the rule
/// may use it. Errors are `storageUnavailable`, `storageFull` and `internalError`.
package protocol ReadTransaction: AnyObject {
    func project(_ reference: ProjectReference) throws(RPCError) -> StoredProject?
    func account(of userId: String) throws(RPCError) -> Account?
    /// Newest first, after the project `cursor`.
    func projects(_ filter: ProjectFilter, after cursor: ProjectID?, limit: Int) throws(RPCError) -> [Project]
    func totals(_ filter: ProjectFilter) throws(RPCError) -> Totals
    /// Newest first, with ids below `before`.
    func entries(ofUser userId: String, before: Int64?, limit: Int) throws(RPCError) -> [Entry]
    /// Oldest first.
    func entries(ofProject row: Int64) throws(RPCError) -> [Entry]
    /// Oldest first.
    func events(ofProject row: Int64) throws(RPCError) -> [Event]
    /// Oldest first, with numbers above `seq`.
    func events(_ filter: EventFilter, after seq: Int64, limit: Int) throws(RPCError) -> [Event]
    /// The number of the newest event. 0 if there is none.
    func newestSeq() throws(RPCError) -> Int64
    func audit() throws(RPCError) -> AuditReport
    /// Copies the whole ledger, as it is now, into a new file, and checks the copy. Errors are `backupFailed`. It may
    /// end the snapshot, so nothing must be read after it.
    func backUp(to path: String) throws(RPCError) -> BackupReport
    /// Sets the effect of the request on its connection, after the request has succeeded.
    func affect(_ effect: ConnectionEffect)
}

/// The writes that a rule may make. If the schema refuses a write (an overdraft, a second verdict), that is an
/// `internalError`: the rules must check before they write, and the schema finds their bugs.
package protocol WriteTransaction: ReadTransaction {
    /// An id that sorts after all ids that were made before.
    func makeProjectID(at now: Timestamp) -> ProjectID
    /// The request that used the key. A key belongs to one user, over all methods.
    func request(of userId: String, key: String) throws(RPCError) -> EarlierRequest?
    /// Makes an account with zero credits. The user must not have one.
    func openAccount(of userId: String) throws(RPCError) -> Account

    /// Inserts the project and charges its user.
    func create(_ project: NewProject, at now: Timestamp) throws(RPCError) -> StoredProject
    /// pending → processing.
    func start(_ project: StoredProject, deadline: Timestamp?, at now: Timestamp) throws(RPCError)
    /// Moves the deadline.
    func renew(_ project: StoredProject, deadline: Timestamp?, at now: Timestamp) throws(RPCError)
    /// Ends the project and its hold: `completed` captures the credits, `failed` refunds them.
    func finish(_ project: StoredProject, _ verdict: Verdict, at now: Timestamp) throws(RPCError)
    /// Records a heartbeat. It is on disk at most 1 second later, and not in the history.
    func beat(_ project: StoredProject, _ beat: Beat) throws(RPCError)
    /// Writes the pause of `project`, or that it has none, and the times that depend on it.
    func setPause(of project: StoredProject, at now: Timestamp) throws(RPCError)
    /// Records that the app asked to cancel the project, so that the next heartbeat tells the pipeline.
    func requestCancel(of project: StoredProject, at now: Timestamp) throws(RPCError)
    /// Records that the lease holder is gone. The project fails at `deadline`.
    func detach(_ project: StoredProject, deadline: Timestamp, at now: Timestamp) throws(RPCError)
    func recordExternalID(_ id: String, of project: StoredProject, at now: Timestamp) throws(RPCError)
    func countRefusedReport(of project: StoredProject) throws(RPCError)
    /// Writes a grant or an adjustment, and changes the account by its credits.
    func post(_ entry: NewEntry, at now: Timestamp) throws(RPCError) -> Entry
    func record(_ event: NewEvent, by caller: Caller, at now: Timestamp) throws(RPCError)
    /// Removes the history, name, metadata and messages of projects that ended before `end`, and events before `end` of
    /// projects that were trimmed earlier. It reads `Retention.window` projects after `row`, and trims at most
    /// `Retention.batch` of them.
    func trimProjects(
        finishedBefore end: Timestamp, after row: Int64, at now: Timestamp
    ) throws(RPCError) -> Retention.Step
    /// How long the clocks have agreed, as of now. `nil` if nothing is stored after this process.
    func clockAgreement(at now: Timestamp) throws(RPCError) -> ClockAgreement?
    /// Unfinished projects with a deadline at `now` or before, the earliest deadline first.
    func dueProjects(at now: Timestamp, limit: Int) throws(RPCError) -> [StoredProject]
}

/// The result of the request that used an idempotency key.
package enum EarlierRequest: Sendable {
    case project(StoredProject)
    case entry(Entry)
}
