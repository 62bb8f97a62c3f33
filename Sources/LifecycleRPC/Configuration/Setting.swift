internal import LifecycleCore

/// One thing that can be set, by a flag or else by an environment variable.
package struct Setting: Sendable {
    /// In camel case, as `rpc.discover` shows the limits: `maxBatch` is `--max-batch` and `LIFECYCLED_MAX_BATCH`.
    package let name: String
    /// What stands for the value in the help: `--max-batch <requests>`.
    package let placeholder: String
    package let isNumber: Bool
    let meaning: String
    let fallback: String

    package var flag: String { Self.flag(of: name) }
    package var variable: String { "LIFECYCLED_" + Self.words(of: name).joined(separator: "_").uppercased() }

    /// What it means, its default and its environment variable, for the help.
    package var help: String {
        meaning.prefix(1).uppercased() + meaning.dropFirst() + " (default: \(fallback); env: \(variable))"
    }

    static func flag(of name: String) -> String {
        "--" + words(of: name).joined(separator: "-")
    }

    private static func words(of name: String) -> [String] {
        var words = [""]
        for character in name {
            if character.isUppercase { words.append("") }
            words[words.count - 1] += character.lowercased()
        }
        return words
    }
}

extension Setting {
    package static let socket = Setting(
        name: "socket", placeholder: "path", isNumber: false,
        meaning: "Unix socket to listen on, made at the start; ignored when systemd passes one",
        fallback: "the socket that systemd passes")
    package static let database = Setting(
        name: "database", placeholder: "path", isNumber: false,
        meaning: "SQLite database, made if missing, in a folder that only its owner may write to",
        fallback:
            "$STATE_DIRECTORY/lifecycle.db under systemd, and for --import and --restore \(PackagedPaths.database)")
    package static let backupFolder = Setting(
        name: "backupFolder", placeholder: "path", isNumber: false,
        meaning: "folder that backups are made in, and nowhere else; made if missing",
        fallback: "backups beside the database")
    package static let idleExit = Setting(
        name: "idleExit", placeholder: "seconds", isNumber: true,
        meaning: "stop after so long without a connection and without an unfinished project, 0 to 31536000; 0 is never",
        fallback: "0")
    package static let keepDays = Setting(
        name: "keepDays", placeholder: "days", isNumber: true,
        meaning:
            "remove history, name, metadata and messages of projects so long after their end, 0 to 36500; 0 is never",
        fallback: "0")
    package static let logLevel = Setting(
        name: "logLevel", placeholder: "level", isNumber: false,
        meaning: "least level that is logged: trace, debug, info, notice, warning, error or critical",
        fallback: "info")

    package static let readerGroup = group(.reader, "may connect and read", RoleGroups().reader)
    package static let agentGroup = group(.agent, "may also report", RoleGroups().agent)
    package static let appGroup = group(.app, "may also start projects", RoleGroups().app)
    package static let adminGroup = group(.admin, "may do everything", RoleGroups().admin)

    private static func group(_ role: Role, _ right: String, _ fallback: String) -> Setting {
        Setting(
            name: "\(role.rawValue)Group", placeholder: "group", isNumber: false,
            meaning: "Unix group, by name or number, that \(right)", fallback: fallback)
    }

    /// Every one that there is, the limits behind the others.
    package static let all =
        [
            socket, database, backupFolder, idleExit, keepDays, logLevel, readerGroup, agentGroup, appGroup, adminGroup,
        ]
        + LimitSetting.table.map(\.setting)
}
