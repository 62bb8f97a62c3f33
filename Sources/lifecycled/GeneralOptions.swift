internal import ArgumentParser
internal import LifecycleRPC

/// Where the daemon works, and how it lives.
struct GeneralOptions: ParsableArguments {
    @Option(help: .setting(.socket)) var socket: String?
    @Option(help: .setting(.database)) var database: String?
    @Option(help: .setting(.backupFolder)) var backupFolder: String?
    @Option(help: .setting(.idleExit)) var idleExit: String?
    @Option(help: .setting(.keepDays)) var keepDays: String?
    @Option(help: .setting(.logLevel)) var logLevel: String?

    var given: [String: String?] {
        [
            "socket": socket, "database": database, "backupFolder": backupFolder, "idleExit": idleExit,
            "keepDays": keepDays,
            "logLevel": logLevel,
        ]
    }
}

/// Who has which role.
struct GroupOptions: ParsableArguments {
    @Option(help: .setting(.readerGroup)) var readerGroup: String?
    @Option(help: .setting(.agentGroup)) var agentGroup: String?
    @Option(help: .setting(.appGroup)) var appGroup: String?
    @Option(help: .setting(.adminGroup)) var adminGroup: String?

    var given: [String: String?] {
        ["readerGroup": readerGroup, "agentGroup": agentGroup, "appGroup": appGroup, "adminGroup": adminGroup]
    }
}

extension ArgumentHelp {
    static func setting(_ setting: Setting) -> ArgumentHelp {
        ArgumentHelp("\(setting.help)", valueName: setting.placeholder)
    }

    static func limit(_ name: String) -> ArgumentHelp {
        LimitSetting.named(name).map { .setting($0.setting) } ?? .hidden
    }
}
