internal import LifecycleCore
internal import Synchronization

/// Whether storage has failed permanently. May be used on any thread.
///
/// After a failure nothing is read any more. If a lock was not released, each read would wait for the 10 seconds that
/// the engine tries, and the reads that wait on the event loop would delay the end of the daemon.
final class StorageHealth: Sendable {
    private let failed = Atomic(false)

    var hasFailed: Bool { failed.load(ordering: .acquiring) }

    func note(_ error: StorageError) {
        if error.isFatal { failed.store(true, ordering: .releasing) }
    }
}
