/// The reads of an engine, all in one snapshot; only the audit may be called without one. Used on the thread that owns
/// the engine or the reader. A missing row is `nil` or an empty list, not an error.
package protocol LedgerReads: AnyObject {
    func project(_ reference: ProjectReference) throws(StorageError) -> StoredProject?
    func account(of userId: String) throws(StorageError) -> Account?
    /// Newest first, after the project `cursor`.
    func projects(_ filter: ProjectFilter, after cursor: ProjectID?, limit: Int) throws(StorageError) -> [Project]
    func totals(_ filter: ProjectFilter) throws(StorageError) -> Totals
    /// Newest first, with ids below `before`.
    func entries(ofUser userId: String, before: Int64?, limit: Int) throws(StorageError) -> [Entry]
    /// Oldest first.
    func entries(ofProject row: Int64) throws(StorageError) -> [Entry]
    /// Oldest first, with numbers above `seq`.
    func events(_ filter: EventFilter, after seq: Int64, limit: Int) throws(StorageError) -> [Event]
    /// The number of the newest event. 0 if there is none.
    func newestSeq() throws(StorageError) -> Int64
    /// Unfinished projects with a deadline at `now` or before.
    /// - Parameter userId: `nil` for all users. Then the project that is due for the longest time comes first.
    func dueProjects(ofUser userId: String?, at now: Timestamp, limit: Int) throws(StorageError) -> [StoredProject]
    /// The earliest of all deadlines; `nil` if no project is unfinished.
    func earliestDeadline() throws(StorageError) -> Timestamp?
    func audit() throws(StorageError) -> AuditReport
    /// Copies the whole ledger, as it is now, into a new file, and checks the copy. It may end the snapshot, so nothing
    /// must be read after it.
    func backUp(to path: String) throws(BackupFailure) -> BackupReport
}
