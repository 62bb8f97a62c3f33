internal import ArgumentParser
internal import Glibc
internal import LifecycleCore
internal import LifecycleSystem

@main
struct Lifecyclectl: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lifecyclectl",
        abstract: "Look at and correct the projects and credits that lifecycled keeps.",
        discussion: discussion,
        version: "lifecyclectl \(LifecycleCore.version)",
        groupedSubcommands: [
            CommandGroup(
                name: "Projects",
                subcommands: [
                    StatusCommand.self, ListCommand.self, ExplainCommand.self, CreateCommand.self, UpdateCommand.self,
                    CancelCommand.self, RetryCommand.self, WatchCommand.self, WaitCommand.self,
                ]),
            CommandGroup(
                name: "Credits",
                subcommands: [BalanceCommand.self, EntriesCommand.self, GrantCommand.self, AdjustCommand.self]),
            CommandGroup(
                name: "Daemon",
                subcommands: [
                    DoctorCommand.self, AuditCommand.self, MetricsCommand.self, DiscoverCommand.self, CallCommand.self,
                    BackupCommand.self, RestoreCommand.self, ImportCommand.self,
                ]),
        ])

    static func main() async {
        // By whom it was started must not change that `lifecyclectl list | head -1` ends quietly, nor that it can be ended.
        // Others that are ignored stay so, as `nohup` and a shell's `&` mean it.
        SignalActions.stopIgnoring([SIGPIPE, SIGTERM])
        // Swift's runtime has a handler that takes Ctrl-\ for a crash.
        if !SignalActions.isIgnored(SIGQUIT) { signal(SIGQUIT, SIG_DFL) }
        SignalActions.unblockAll()
        DispatchLog.silence()
        do {
            var command = try await asyncParseAsRoot()
            if var remote = command as? any AsyncParsableCommand {
                try await remote.run()
            } else {
                try command.run()
            }
        } catch let failure as Failure {
            StandardError.complain(failure.sentence, failure.advice)
            Glibc.exit(failure.status.rawValue)
        } catch {
            guard exitCode(for: error) == .validationFailure else { exit(withError: error) }  // --help, --version, …
            StandardError.write(SafeText.lines(fullMessage(for: error)) + "\n")
            Glibc.exit(ExitStatus.usage.rawValue)
        }
    }

    /// Without a subcommand.
    func run() async throws {
        StandardError.write(Self.helpMessage() + "\n")
        throw ExitCode(ExitStatus.usage.rawValue)
    }
}
