internal import Configuration
internal import Logging

/// Reads by the forms that throw: the others take the default for a value that they cannot convert.
struct SettingsReader {
    let reader: ConfigReader

    func text(_ setting: Setting) async throws(ConfigurationError) -> String? {
        do {
            return try await reader.fetchString(forKey: ConfigKey([setting.name]))
        } catch {
            throw ConfigurationError(setting, "must be text")
        }
    }

    func number(_ setting: Setting, _ unit: String) async throws(ConfigurationError) -> Int64? {
        do {
            return try await reader.fetchInt(forKey: ConfigKey([setting.name])).map { Int64($0) }
        } catch {
            let text = try await text(setting) ?? ""
            throw ConfigurationError(setting, "must be a whole number of \(unit), not \(quoted: text)")
        }
    }

    func logLevel() async throws(ConfigurationError) -> Logger.Level? {
        guard let text = try await text(.logLevel) else { return nil }
        guard let level = Logger.Level(rawValue: text) else {
            let names = Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")
            throw ConfigurationError(.logLevel, "must be one of \(names), not \(quoted: text)")
        }
        return level
    }
}
