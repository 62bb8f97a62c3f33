internal import ArgumentParser
internal import Glibc
internal import LifecycleRPC

@main
struct Lifecycled: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lifecycled",
        abstract: "Keeps the states and the credits of paid projects, and answers for them on a Unix socket.",
        discussion: discussion,
        version: "lifecycled \(DaemonConfiguration.version)")

    @OptionGroup(title: "General") var general: GeneralOptions
    @OptionGroup(title: "Instead of serving") var oneTime: OneTimeOptions
    @OptionGroup(title: "Groups") var groups: GroupOptions
    @OptionGroup(title: "Limits") var limits: LimitOptions
    @OptionGroup(title: "Import") var importing: ImportOptions

    func validate() throws {
        guard importing.table == nil || !oneTime.isGiven else {
            throw ValidationError("Give --import, --restore or --sweep, not two of them.")
        }
    }

    /// The text of every flag that was given, by `Setting.name`.
    var flags: [String: String] {
        [general.given, groups.given, limits.given].reduce(into: [:]) { flags, given in
            flags.merge(given.compactMapValues { $0 }) { $1 }
        }
    }

    static func main() async {
        ProcessSetup.apply()
        let command: Self
        do {
            command = try parse()
        } catch {
            if exitCode(for: error).isSuccess { exit(withError: error) }  // --help and --version
            fail(.usage, "\(message(for: error)) (see lifecycled --help)")
        }
        do {
            try await command.run()
        } catch {
            fail(DaemonExit(error), "\(error)")
        }
    }

    func run() async throws {
        let configuration = try await DaemonConfiguration(flags: flags)
        if let table = importing.table, let file = importing.file {
            return try ImportCommand(table: table, file: file, options: importing).run(configuration)
        }
        let log = try LogSystem.bootstrap(level: configuration.logLevel)
        defer { log.flush(timeout: .seconds(1)) }
        if oneTime.isGiven {
            let done = try await oneTime.run(configuration)
            return print("lifecycled: \(done)")
        }
        OpenFileLimit.raise(for: configuration)
        try await Daemon(configuration).run()
    }

    private static func fail(_ status: DaemonExit, _ reason: String) -> Never {
        LastWords.write(reason, status)
        Glibc.exit(status.rawValue)
    }
}
