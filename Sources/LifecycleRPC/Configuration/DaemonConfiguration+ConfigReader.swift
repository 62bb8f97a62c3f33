package import Configuration
internal import Glibc
internal import LifecycleCore

extension DaemonConfiguration {
    /// Reads the flags, the environment and the defaults. The first with a value counts.
    /// - Parameters:
    ///   - flags: the text of each given flag, by `Setting.name`.
    ///   - environment: the variables. Those of the process if `nil`.
    ///   - database: the path if no setting has one.
    package init(
        flags: [String: String], environment: [String: String]? = nil, database: String? = nil
    ) async throws(ConfigurationError) {
        var values: [AbsoluteConfigKey: ConfigValue] = [:]
        for setting in Setting.all {
            guard let text = flags[setting.name] else { continue }
            // A value that is not a number stays text, so that reading it as a number fails.
            let content = setting.isNumber ? Int(text).map(ConfigContent.int) : nil
            values[["lifecycled", setting.name]] = ConfigValue(content ?? .string(text), isSecret: false)
        }
        let variables =
            environment.map { EnvironmentVariablesProvider(environmentVariables: $0) } ?? EnvironmentVariablesProvider()
        try await self.init(
            reader: ConfigReader(providers: [InMemoryProvider(name: "flags", values: values), variables]),
            database: database)
    }

    /// Reads and checks every setting. A value of the wrong type is an error, and never replaced by the default.
    ///
    /// The keys are the names of `Setting.all` under `lifecycled`, so the environment variable of `idleExit` is
    /// `LIFECYCLED_IDLE_EXIT`. If no setting has the database, it is `lifecycle.db` in the first folder of the key
    /// `state.directory` (`STATE_DIRECTORY`), which systemd sets.
    /// - Parameter database: the path if none of these has one. If it is `nil`, that is an error.
    package init(reader: ConfigReader, database: String? = nil) async throws(ConfigurationError) {
        let settings = reader.scoped(to: "lifecycled")
        let given = try await Setting.database.text(settings)
        let ofService = PackagedPaths.database(inStateDirectory: reader.string(forKey: "state.directory"))
        guard let path = given ?? ofService ?? database else {
            throw ConfigurationError(.database, "is missing: give the path of the database")
        }
        self.init(databasePath: path)
        for setting in Setting.all { try await setting.read(settings, into: &self) }
        for setting in Setting.all where !setting.hasCeiling { try setting.check(self) }
        for setting in Setting.all where setting.hasCeiling { try setting.check(self) }
        var status = stat()
        guard stat(databasePath, &status) != 0 || status.st_mode & S_IFMT != S_IFDIR else {
            throw ConfigurationError(
                .database, "must be a file, but \(quoted: databasePath) is a folder", kind: .path)
        }
    }
}
