/// Makes readers of the committed ledger. May be used on any thread.
package protocol LedgerSnapshots: Sendable {
    func makeReader() throws(StorageError) -> sending any LedgerReader
    /// Whether a reader can see a commit before it is durable. Answers then wait until it is.
    var showsUndurableCommits: Bool { get }
}

/// Reads snapshots of the committed ledger, one at a time. Used on one thread only.
package protocol LedgerReader: AnyObject {
    /// What the rules read from. The object stays the same for the life of the reader.
    var transaction: any LedgerReadTransaction { get }
    /// Opens a snapshot, if none is open.
    func openSnapshot() throws(StorageError)
    /// Ends the open snapshot, if there is one. The next one contains what was committed meanwhile.
    func endSnapshot()
    /// Interrupts the running read from any thread. Valid while the reader lives.
    var interrupter: any ReadInterrupter { get throws(StorageError) }
    /// Frees memory that only makes reads faster.
    func giveBackMemory()
    /// Whether any project is unfinished: then the daemon has deadlines to watch.
    func hasUnfinishedProjects() throws(StorageError) -> Bool
}

package protocol ReadInterrupter: Sendable {
    func interrupt()
}
