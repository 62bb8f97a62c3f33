internal import LifecycleSQLite
internal import Synchronization

/// Whether storage has failed for good. Any thread.
///
/// Nothing is read any more then: a lock that was not given back holds up each read for the ten seconds that SQLite
/// tries, and the reads that wait on the event loop would keep the daemon from ending.
final class StorageHealth: Sendable {
    private let failed = Atomic(false)

    var hasFailed: Bool { failed.load(ordering: .acquiring) }

    func note(_ error: StorageError) {
        if error.isFatal { failed.store(true, ordering: .releasing) }
    }
}
