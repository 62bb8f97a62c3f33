internal import ArgumentParser
internal import Glibc
internal import LifecycleCore
internal import LifecycleSystem

@main
struct Lifecyclectl: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lifecyclectl",
        abstract: "Show and correct the projects and credits that lifecycled keeps.",
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
        // A parent may have ignored these. `lifecyclectl list | head -1` must end without a message, and SIGTERM must
        // end the command. Other ignored signals stay ignored, because `nohup` and a shell's `&` do that on purpose.
        SignalActions.stopIgnoring([SIGPIPE, SIGTERM])
        // Swift's runtime handles SIGQUIT (Ctrl-\) as a crash.
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

    /// Runs if no subcommand is given.
    func run() async throws {
        StandardError.write(Self.helpMessage() + "\n")
        throw ExitCode(ExitStatus.usage.rawValue)
    }
}
