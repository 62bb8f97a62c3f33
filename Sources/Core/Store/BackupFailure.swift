/// Why a backup or a restore failed, in words for an admin. It may name files of the backup folder.
package struct BackupFailure: Error, Sendable, CustomStringConvertible {
    /// A part of a sentence, without a full stop.
    package let reason: String

    package init(_ reason: String) { self.reason = reason }

    /// Describes a storage error that occurred during `action`.
    package init(_ error: StorageError, while action: String) {
        reason = error.kind == .full ? "the disk is full: free some space" : "\(action) failed: \(error.message)"
    }

    package var description: String { reason }
}
