package import LifecycleCore
package import Logging

/// The settings of the daemon. `Setting.all` names and checks them.
package struct DaemonConfiguration: Sendable {
    /// The socket to listen on, at most 107 bytes. `nil` if the socket must come from systemd.
    package var socketPath: String?
    package var databasePath: String
    /// The folder for backups. `nil`: the folder `backups` next to the database.
    package var backupFolder: String?
    /// In seconds. 0 is never.
    package var idleExit: Int64 = 0
    /// The history of a project is removed this number of days after its end. 0 is never.
    package var keepDays: Int64 = 0
    package var logLevel = Logger.Level.info
    package var limits = Limits()
    package var groups = RoleGroups()

    /// All other settings have their defaults.
    init(databasePath: String) { self.databasePath = databasePath }

    /// The database of the package's units.
    package static var packagedDatabase: String { PackagedPaths.database }

    /// The version of the daemon.
    package static var version: String { LifecycleCore.version }
}
