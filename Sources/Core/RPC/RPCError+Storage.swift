extension RPCError {
    /// The messages have no paths and no SQL. These are only in the log.
    package init(_ error: StorageError) {
        switch error.kind {
        case .full: self = .storageFull
        case .busy: self = .storageUnavailable("another program holds its lock")
        case .interrupted: self = .stopping
        case .constraint: self = .internalError("the ledger refused a change that breaks its rules")
        default: self = .storageUnavailable("it failed and the daemon is stopping")
        }
    }
}
