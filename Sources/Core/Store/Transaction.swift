/// What a rule may ask of the store. One transaction is one snapshot: all answers fit together. Bound to the thread
/// that runs the rule; errors are `storageUnavailable`, `storageFull` and `internalError`.
package protocol ReadTransaction: AnyObject {
    func project(_ reference: ProjectReference) throws(RPCError) -> StoredProject?
    func account(of userId: String) throws(RPCError) -> Account?
    /// Newest first, from the one after `cursor` on.
    func projects(_ filter: ProjectFilter, after cursor: ProjectID?, limit: Int) throws(RPCError) -> [Project]
    func totals(_ filter: ProjectFilter) throws(RPCError) -> Totals
    /// A user's, newest first, below the entry `before`.
    func entries(ofUser userId: String, before: Int64?, limit: Int) throws(RPCError) -> [Entry]
    /// A project's, oldest first.
    func entries(ofProject row: Int64) throws(RPCError) -> [Entry]
    /// A project's, oldest first.
    func events(ofProject row: Int64) throws(RPCError) -> [Event]
    /// Those after `seq`, oldest first.
    func events(_ filter: EventFilter, after seq: Int64, limit: Int) throws(RPCError) -> [Event]
    /// The last event's, 0 when there is none.
    func newestSeq() throws(RPCError) -> Int64
    func audit() throws(RPCError) -> AuditReport
    /// Copies the whole store, as it is now, into a new file, and checks that. Errors are `backupFailed`. It may let go
    /// of the snapshot: nothing is to be asked after it.
    func backUp(to path: String) throws(RPCError) -> BackupReport
    /// What the request does to its connection once it has succeeded.
    func affect(_ effect: ConnectionEffect)
}

/// What a rule may change. Whatever the schema refuses (an overdraft, a second outcome) is `internalError`: rules
/// check first, and the schema catches their bugs.
package protocol WriteTransaction: ReadTransaction {
    /// An id that sorts after all made before.
    func makeProjectID(at now: Timestamp) -> ProjectID
    /// What the key was used for. Keys are the user's, over all methods.
    func request(of userId: String, key: String) throws(RPCError) -> EarlierRequest?
    /// Makes the account of a user who has none, with zero credits.
    func openAccount(of userId: String) throws(RPCError) -> Account

    /// Inserts the project and takes its credits.
    func create(_ project: NewProject, at now: Timestamp) throws(RPCError) -> StoredProject
    /// pending → processing.
    func start(_ project: StoredProject, deadline: Timestamp?, at now: Timestamp) throws(RPCError)
    /// Moves the deadline.
    func renew(_ project: StoredProject, deadline: Timestamp?, at now: Timestamp) throws(RPCError)
    /// Ends the project and settles its credits: completed captures them, failed gives them back.
    func finish(_ project: StoredProject, _ verdict: Verdict, at now: Timestamp) throws(RPCError)
    /// A sign of life. It is on disk a second later at the latest, and kept out of the history.
    func beat(_ project: StoredProject, _ beat: Beat) throws(RPCError)
    /// Its pipeline is to be told that the app wants it cancelled.
    func requestCancel(of project: StoredProject, at now: Timestamp) throws(RPCError)
    /// Who held its lease is gone: it has until `deadline`.
    func detach(_ project: StoredProject, deadline: Timestamp, at now: Timestamp) throws(RPCError)
    func recordExternalID(_ id: String, of project: StoredProject, at now: Timestamp) throws(RPCError)
    func countRefusedReport(of project: StoredProject) throws(RPCError)
    /// Writes a grant or an adjustment, and its credits move.
    func post(_ entry: NewEntry, at now: Timestamp) throws(RPCError) -> Entry
    func record(_ event: NewEvent, by caller: Caller, at now: Timestamp) throws(RPCError)
    /// Removes the history, name, metadata and messages of projects that ended before a time, and of those that were
    /// trimmed earlier what was written since and is older than that: at most `Retention.batch` of the
    /// `Retention.window` behind `row`.
    func trimProjects(
        finishedBefore end: Timestamp, after row: Int64, at now: Timestamp
    ) throws(RPCError) -> Retention.Step
    /// What is known of the clock, looked at now; nil: nobody looks, as nothing outlives this process.
    func clockAgreement(at now: Timestamp) throws(RPCError) -> ClockAgreement?
    /// Unfinished projects whose deadline is at `now` or before, the longest due first.
    func dueProjects(at now: Timestamp, limit: Int) throws(RPCError) -> [StoredProject]
}

/// What an idempotency key was used for.
package enum EarlierRequest: Sendable {
    case project(StoredProject)
    case entry(Entry)
}
