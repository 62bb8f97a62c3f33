package import LifecycleCore
package import Logging

/// All that the daemon can be told at its start. `Setting.all` names and checks every key.
package struct DaemonConfiguration: Sendable {
    /// Where to listen, at most 107 bytes; `nil` when the socket must come from systemd.
    package var socketPath: String?
    package var databasePath: String
    /// Where backups are made; nil: in `backups` beside the database.
    package var backupFolder: String?
    /// Seconds; 0 is never.
    package var idleExit: Int64 = 0
    /// Days after which the history of an ended project is removed; 0 is never.
    package var keepDays: Int64 = 0
    package var logLevel = Logger.Level.info
    package var limits = Limits()
    package var groups = RoleGroups()

    /// Everything but the path is as it is when nothing is set.
    init(databasePath: String) { self.databasePath = databasePath }

    /// Where the package's units keep it.
    package static var packagedDatabase: String { PackagedPaths.database }

    /// The version of the daemon.
    package static var version: String { LifecycleCore.version }
}
