package import Configuration
internal import LifecycleCore

extension DaemonConfiguration {
    /// Reads the flags, then the environment, then the defaults; the first that has a value decides.
    /// - Parameters:
    ///   - flags: the text of each flag that was given, by `Setting.name`.
    ///   - environment: the variables; those of the process when `nil`.
    ///   - database: the path where nothing names one.
    package init(
        flags: [String: String], environment: [String: String]? = nil, database: String? = nil
    ) async throws(ConfigurationError) {
        var values: [AbsoluteConfigKey: ConfigValue] = [:]
        for setting in Setting.all {
            guard let text = flags[setting.name] else { continue }
            // What is no number stays text, so that reading it as one fails.
            let content = setting.isNumber ? Int(text).map(ConfigContent.int) : nil
            values[["lifecycled", setting.name]] = ConfigValue(content ?? .string(text), isSecret: false)
        }
        let variables =
            environment.map { EnvironmentVariablesProvider(environmentVariables: $0) } ?? EnvironmentVariablesProvider()
        try await self.init(
            reader: ConfigReader(providers: [InMemoryProvider(name: "flags", values: values), variables]),
            database: database)
    }

    /// Reads and validates every setting. A value of the wrong type is an error, never the default.
    ///
    /// ## Configuration keys
    ///
    /// All under `lifecycled`, so that the environment variable of `idleExit` is `LIFECYCLED_IDLE_EXIT`.
    /// - `socket` (string, optional): the path to listen on, 1 to 107 bytes. Without it systemd must pass a socket.
    /// - `database` (string): the path of the database. Default: `lifecycle.db` in the first folder of
    ///   `state.directory`, a key of its own (`STATE_DIRECTORY`), which systemd sets; else required.
    /// - `backupFolder` (string, optional): the path of the folder that backups are made in. Default: `backups` beside the
    ///   database.
    /// - `idleExit` (int, seconds, default 0, which is never): 0 to 31536000.
    /// - `keepDays` (int, days, default 0, which is for ever): 0 to 36500.
    /// - `logLevel` (string, default `info`): `trace`, `debug`, `info`, `notice`, `warning`, `error` or `critical`.
    /// - `readerGroup`, `agentGroup`, `appGroup`, `adminGroup` (string, defaults `lifecycle`, `lifecycle-agent`,
    ///   `lifecycle-app`, `lifecycle-admin`): the name of a Unix group, 1 to 32 bytes, or a group id.
    /// - one for each limit (int), with its name in `Limits.table`: defaults in `Limits`, ranges in
    ///   `LimitSetting.table`.
    /// - Parameter database: the path where nothing names one; without it that is an error.
    package init(reader: ConfigReader, database: String? = nil) async throws(ConfigurationError) {
        let settings = SettingsReader(reader: reader.scoped(to: "lifecycled"))
        let given = try await settings.text(.database)
        let ofService = PackagedPaths.database(inStateDirectory: reader.string(forKey: "state.directory"))
        guard let path = given ?? ofService ?? database else {
            throw ConfigurationError(.database, "is missing: give the path of the database")
        }
        self.init(socketPath: try await settings.text(.socket), databasePath: path)
        backupFolder = try await settings.text(.backupFolder)
        idleExit = try await settings.number(.idleExit, "seconds") ?? idleExit
        keepDays = try await settings.number(.keepDays, "days") ?? keepDays
        logLevel = try await settings.logLevel() ?? logLevel
        groups.reader = try await settings.text(.readerGroup) ?? groups.reader
        groups.agent = try await settings.text(.agentGroup) ?? groups.agent
        groups.app = try await settings.text(.appGroup) ?? groups.app
        groups.admin = try await settings.text(.adminGroup) ?? groups.admin
        for limit in LimitSetting.table {
            guard let number = try await settings.number(limit.setting, limit.unit) else { continue }
            limit.assign(&limits, number)
        }
        try validate()
    }
}
