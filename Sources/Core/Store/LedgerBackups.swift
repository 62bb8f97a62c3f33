/// The backups of a ledger. May be used on any thread.
package protocol LedgerBackups: Sendable {
    /// When the newest backup was written, in seconds since 1970, and its size in bytes. `nil` if there is none.
    func newest() -> (time: Int64, bytes: Int64)?
    /// Abandons the running backup and refuses further ones. Returns when nothing of it is left, or at `time`.
    func stop(by time: ContinuousClock.Instant) async
}
