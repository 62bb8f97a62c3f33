package import LifecycleCore

/// A ledger that is open for this process alone, repaired and migrated. An acknowledged write survives any end of the
/// last run.
package struct OpenedLedger {
    package var engine: any LedgerEngine
    package var snapshots: any LedgerSnapshots
    package var backups: any LedgerBackups
    /// The last run ended by a kill, a crash or a power cut.
    package var stoppedUncleanly: Bool

    package init(
        engine: any LedgerEngine, snapshots: any LedgerSnapshots, backups: any LedgerBackups, stoppedUncleanly: Bool
    ) {
        self.engine = engine
        self.snapshots = snapshots
        self.backups = backups
        self.stoppedUncleanly = stoppedUncleanly
    }
}
