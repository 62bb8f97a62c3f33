internal import LifecycleCore

/// The exit codes. They are those of `sysexits.h`, so that systemd shows their names.
package enum DaemonExit: Int32, Sendable, CaseIterable {
    case ok = 0
    case usage = 64
    case dataError = 65
    case noInput = 66
    case software = 70
    case cannotCreate = 73
    case inputOutput = 74
    case temporaryFailure = 75

    package var meaning: String {
        switch self {
        case .ok: "an orderly stop"
        case .usage: "a bad flag or environment variable"
        case .dataError: "the backup of a restore, or rows of an import, are bad; the database is unchanged"
        case .noInput: "the file of an import cannot be read"
        case .software: "a bug, or a limit of the machine"
        case .cannotCreate: "a path that cannot be used: the socket or the database"
        case .inputOutput: "storage failed while running; nothing was acknowledged after that"
        case .temporaryFailure: "another lifecycled has the database"
        }
    }
}

extension DaemonExit {
    package init(_ error: any Error) {
        self =
            switch error {
            case let error as ConfigurationError: error.kind == .value ? .usage : .cannotCreate
            case let error as DaemonError: Self(error)
            case let error as ImportError: Self(error)
            default: .software
            }
    }

    private init(_ error: DaemonError) {
        self =
            switch error {
            case .listen: .cannotCreate
            case .storage(let error): error.kind == .locked ? .temporaryFailure : .cannotCreate
            case .restore: .dataError
            case .failed, .inconsistent: .inputOutput
            case .other: .software
            }
    }

    private init(_ error: ImportError) {
        self =
            switch error {
            case .file: .noInput
            case .rows, .inconsistent: .dataError
            case .database(let error): Self(DaemonError.storage(error))
            case .storage: .inputOutput
            case .interrupted: .temporaryFailure
            }
    }
}
