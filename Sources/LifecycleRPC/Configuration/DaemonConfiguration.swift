package import LifecycleCore
package import Logging

/// All that the daemon can be told at its start. `init(reader:)` names every key.
package struct DaemonConfiguration: Sendable {
    /// Where to listen, at most 107 bytes; `nil` when the socket must come from systemd.
    package var socketPath: String?
    package var databasePath: String
    /// Where backups are made; nil: in `backups` beside the database.
    package var backupFolder: String?
    /// Seconds; 0 is never.
    package var idleExit: Int64
    /// Days after which the history of an ended project is removed; 0 is never.
    package var keepDays: Int64
    package var logLevel: Logger.Level
    package var limits: Limits
    package var groups: RoleGroups

    /// Takes the values as they are; see `validate()`.
    package init(
        socketPath: String? = nil, databasePath: String, idleExit: Int64 = 0, keepDays: Int64 = 0,
        logLevel: Logger.Level = .info, limits: Limits = Limits(), groups: RoleGroups = RoleGroups()
    ) {
        self.socketPath = socketPath
        self.databasePath = databasePath
        self.idleExit = idleExit
        self.keepDays = keepDays
        self.logLevel = logLevel
        self.limits = limits
        self.groups = groups
    }

    /// Where the package's units keep it.
    package static var packagedDatabase: String { PackagedPaths.database }

    /// The version of the daemon.
    package static var version: String { LifecycleCore.version }
}
