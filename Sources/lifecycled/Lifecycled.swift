internal import ArgumentParser
internal import Glibc
internal import LifecycleRPC
internal import LifecycleSystem

@main
struct Lifecycled: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lifecycled",
        abstract: "Keeps the status and the credits of paid projects, and serves them on a Unix socket.",
        discussion: discussion,
        version: "lifecycled \(DaemonConfiguration.version)")

    @OptionGroup(title: "General") var general: SettingOptions<GeneralPart>
    @OptionGroup(title: "Instead of serving") var oneTime: OneTimeOptions
    @OptionGroup(title: "Groups") var groups: SettingOptions<GroupsPart>
    @OptionGroup(title: "Limits") var limits: SettingOptions<LimitsPart>
    @OptionGroup(title: "Import") var importing: ImportOptions

    func validate() throws {
        guard importing.table == nil || !oneTime.isGiven else {
            throw ValidationError("Give only one of --import, --restore and --sweep.")
        }
        guard !oneTime.create || changesFile else {
            throw ValidationError("--create needs --import or --restore.")
        }
    }

    /// The command changes the database's file, which must exist or be created by `--create`.
    private var changesFile: Bool { importing.table != nil || oneTime.restore != nil }

    /// The text of every given flag, by `Setting.name`.
    var flags: [String: String] {
        [general.given, groups.given, limits.given].reduce(into: [:]) { $0.merge($1) { $1 } }
    }

    static func main() async {
        ProcessSetup.apply()
        do {
            // systemd starts it without flags. Parsing them anyway would take 40 % of the CPU time of a start.
            guard CommandLine.argc > 1 else { return try await serve(DaemonConfiguration(flags: [:])) }
            try await parsed().run()
        } catch {
            fail(DaemonExit(error), "\(error)")
        }
    }

    private static func parsed() -> Self {
        do {
            return try parse()
        } catch {
            if exitCode(for: error).isSuccess { exit(withError: error) }  // --help and --version
            fail(.usage, "\(message(for: error)) (see lifecycled --help)")
        }
    }

    func run() async throws {
        let configuration = try await DaemonConfiguration(
            flags: flags, database: changesFile ? DaemonConfiguration.packagedDatabase : nil)
        if let table = importing.table, let file = importing.file {
            return try ImportCommand(table: table, file: file, options: importing, mayCreate: oneTime.create)
                .run(configuration)
        }
        guard oneTime.isGiven else { return try await Self.serve(configuration) }
        let log = try LogSystem.bootstrap(level: configuration.logLevel)
        defer { log.flush(timeout: .seconds(1)) }
        let done = try await oneTime.run(configuration)
        StandardStream.output.line("lifecycled: \(done)")
    }

    private static func serve(_ configuration: DaemonConfiguration) async throws {
        SignalActions.ignore(SignalMeaning.pausing)
        let log = try LogSystem.bootstrap(level: configuration.logLevel)
        defer { log.flush(timeout: .seconds(1)) }
        try OpenFileLimit.raise(for: configuration)
        try await Daemon(configuration, onStopRequest: Interruption.whenCome).run()
    }

    private static func fail(_ status: DaemonExit, _ reason: String) -> Never {
        LastWords.write(reason, status)
        Glibc.exit(status.rawValue)
    }
}
