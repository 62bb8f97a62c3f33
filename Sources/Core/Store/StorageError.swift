/// An error of the storage below the ledger: of the engine, of a file, or of the state directory.
///
/// `message` is one sentence for the log and the admin. It may contain paths and SQL names, so never send it to a
/// client.
package struct StorageError: Error, Sendable, CustomStringConvertible {
    package enum Kind: Sendable, Equatable {
        case full, busy, constraint, readOnly, corrupt, moved, io, cannotOpen, locked, newerSchema, misuse
        /// A stop of the daemon has interrupted a read.
        case interrupted
    }

    package let kind: Kind
    /// The engine's own code (SQLite's extended result code), the `errno` of a failed system call, or 0 for a check of
    /// the daemon.
    package let code: Int32
    package let message: String

    package init(_ kind: Kind, code: Int32 = 0, _ message: String) {
        self.kind = kind
        self.code = code
        self.message = message
    }

    /// Whether the process must not acknowledge anything any more: what is on disk is unknown, not reliable or not
    /// reachable.
    package var isFatal: Bool {
        switch kind {
        case .full, .busy, .constraint, .interrupted: false
        case .readOnly, .corrupt, .moved, .io, .cannotOpen, .locked, .newerSchema, .misuse: true
        }
    }

    /// The ledger is in order, and the refused operation can be tried again later.
    package var isPassing: Bool { kind == .full || kind == .busy }

    /// The same error where a refusal is not expected, so that the daemon cannot continue after it.
    package var asFatal: StorageError { isFatal ? self : StorageError(.misuse, code: code, "cannot go on: \(message)") }

    package var description: String { "\(message) [\(kind), code \(code)]" }
}
