/// Makes readers of the committed ledger. May be used on any thread.
package protocol LedgerSnapshots: Sendable {
    func makeReader() throws(StorageError) -> sending any LedgerReader
    /// Whether a reader can see a commit before it is durable. Answers then wait until it is.
    var showsUndurableCommits: Bool { get }
}

/// Reads snapshots of the committed ledger, one at a time. Used on one thread only.
package protocol LedgerReader: AnyObject {
    /// The reads in the open snapshot. The object stays the same for the life of the reader.
    var reads: any LedgerReads { get }
    /// Opens a snapshot, if none is open.
    func openSnapshot() throws(StorageError)
    /// Ends the open snapshot, if there is one. The next one contains what was committed meanwhile.
    func endSnapshot()
    /// Interrupts the running read from any thread. Valid while the reader lives.
    var interrupter: any ReadInterrupter { get throws(StorageError) }
    /// Frees memory that only makes reads faster.
    func giveBackMemory()
}

package protocol ReadInterrupter: Sendable {
    func interrupt()
}
