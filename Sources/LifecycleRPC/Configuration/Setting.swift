internal import LifecycleCore
internal import LifecycleSystem
internal import Logging

/// One setting, given by a flag or by an environment variable. Its row in `all` has everything: the flag, the variable,
/// the configuration key, the help, the man page, the default, the range and the check are made from it.
package struct Setting: Sendable {
    /// A section of the help.
    package enum Section: Sendable {
        case general, groups, limits
    }

    /// The type of the value, and the property that has it.
    enum Kind: Sendable {
        case path(Place<String>, maximumBytes: Int = .max)
        /// A Unix group.
        case group(Place<String>)
        case logLevel(Place<Logger.Level>)
        /// - ceiling: the name of the setting that this number must not exceed.
        case number(Place<Int64>, ClosedRange<Int64>, unit: String, ceiling: String? = nil)
    }

    struct Place<Value: Sendable>: Sendable {
        let value: @Sendable (DaemonConfiguration) -> Value?
        let assign: @Sendable (inout DaemonConfiguration, Value) -> Void
    }

    /// In camel case, as `rpc.discover` shows the limits: `maxBatch` is `--max-batch` and `LIFECYCLED_MAX_BATCH`.
    package let name: String
    package let section: Section
    let kind: Kind
    private let meaning: String
    private let otherwise: String?

    /// - Parameters:
    ///   - meaning: the help without the range.
    ///   - otherwise: the default for the help, if it is not a value in `DaemonConfiguration`.
    init(
        _ name: String, _ kind: Kind, _ meaning: String, in section: Section = .general,
        default otherwise: String? = nil
    ) {
        self.name = name
        self.section = section
        self.kind = kind
        self.meaning = meaning
        self.otherwise = otherwise
    }

    package var isNumber: Bool {
        if case .number = kind { true } else { false }
    }
    /// The placeholder of the value in the help: `--max-batch <requests>`.
    package var placeholder: String {
        switch kind {
        case .path: "path"
        case .group: "group"
        case .logLevel: "level"
        case .number(_, _, let unit, _): unit
        }
    }
    package var flag: String { Self.flag(of: name) }
    package var variable: String { "LIFECYCLED_" + Self.words(of: name).joined(separator: "_").uppercased() }

    /// The default for the help.
    var fallback: String { otherwise ?? kind.text(in: DaemonConfiguration(databasePath: "")) }

    /// The help: the meaning, the range, the default and the environment variable.
    package var help: String {
        "\(meaning.prefix(1).uppercased())\(meaning.dropFirst())\(range) (default: \(fallback); env: \(variable))"
    }

    private var range: String {
        guard case .number(_, let range, _, let ceiling) = kind else { return "" }
        let most = ceiling.map(Self.flag) ?? "\(range.upperBound)"
        return ", \(range.lowerBound) to \(most)\(range.lowerBound == 0 ? "; 0 is never" : "")"
    }

    private static func flag(of name: String) -> String { "--" + words(of: name).joined(separator: "-") }

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
    static let database = Setting(
        "database", .path(Place(\.databasePath)),
        "SQLite database, created if missing, in a folder that only its owner may write to",
        default: "$STATE_DIRECTORY/lifecycle.db under systemd, and for --import and --restore \(PackagedPaths.database)"
    )

    /// All settings. The limits are the last.
    package static let all =
        [
            Setting(
                "socket", .path(Place(\.socketPath), maximumBytes: UnixSocketAddress.maximumPathBytes),
                "Unix socket to listen on, created at the start; ignored if systemd passes one",
                default: "the socket that systemd passes"),
            database,
            Setting(
                "backupFolder", .path(Place(\.backupFolder)),
                "only folder in which backups are made, created if missing",
                default: "the folder backups next to the database"),
            Setting(
                "idleExit", .number(Place(\.idleExit), 0...31_536_000, unit: "seconds"),
                "stop after this time without a connection and without an unfinished project"),
            Setting(
                "keepDays", .number(Place(\.keepDays), 0...36_500, unit: "days"),
                "remove the history, name, metadata and messages of a project this time after its end"),
            Setting(
                "logLevel", .logLevel(Place(\.logLevel)),
                "lowest level that is logged: trace, debug, info, notice, warning, error or critical"),
            group("readerGroup", \.groups.reader, "may connect and read"),
            group("agentGroup", \.groups.agent, "may also report on projects"),
            group("appGroup", \.groups.app, "may also create projects"),
            group("adminGroup", \.groups.admin, "may do everything"),
        ] + Limits.table.map(limit)

    package static func named(_ name: String) -> Setting? { all.first { $0.name == name } }

    private static func group(
        _ name: String, _ path: any WritableKeyPath<DaemonConfiguration, String> & Sendable, _ right: String
    ) -> Setting {
        Setting(name, .group(Place(path)), "Unix group (a name or an id) that \(right)", in: .groups)
    }

    private static func limit(_ limit: Limits.Row) -> Setting {
        let place = Place(value: { limit.value($0.limits) }, assign: { limit.assign(&$0.limits, $1) })
        return Setting(
            limit.name, .number(place, limit.range, unit: limit.unit, ceiling: limit.ceiling), limit.meaning,
            in: .limits)
    }
}

extension Setting.Place {
    init(_ path: any WritableKeyPath<DaemonConfiguration, Value> & Sendable) {
        self.init(value: { $0[keyPath: path] }, assign: { $0[keyPath: path] = $1 })
    }

    init(_ path: any WritableKeyPath<DaemonConfiguration, Value?> & Sendable) {
        self.init(value: { $0[keyPath: path] }, assign: { $0[keyPath: path] = $1 })
    }
}
