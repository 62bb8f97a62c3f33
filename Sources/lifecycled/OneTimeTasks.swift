internal import ArgumentParser
internal import Glibc
internal import LifecycleRPC

/// The options of tasks that the binary does instead of serving callers. It exits after the task.
struct OneTimeOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Replace the database by a backup, and exit.", valueName: "file"))
    var restore: String?

    @Flag(help: "With --restore or --import: create the database if it does not exist.")
    var create = false

    @Flag(help: "Fail and refund overdue projects, and exit. If a daemon is running, it does that instead.")
    var sweep = false

    func validate() throws {
        guard restore == nil || !sweep else { throw ValidationError("Give --restore or --sweep, not both.") }
    }

    var isGiven: Bool { restore != nil || sweep }
}

extension OneTimeOptions {
    /// - Returns: a sentence about what was done.
    func run(_ configuration: DaemonConfiguration) async throws -> String {
        guard let restore else {
            // A sweep is made of complete transactions, so a signal may end it at any moment.
            Interruption.obey()
            return try await SweepRun(configuration).run()
        }
        return try putBack(restore, onto: configuration.databasePath)
    }

    private func putBack(_ file: String, onto database: String) throws(DaemonError) -> String {
        Interruption.obeySecond()
        let report = try Restore(
            file, at: systemClock(), isInterrupted: { Interruption.hasCome }
        )
        .run(onto: database, mayCreate: create)
        let before =
            report.previous.map { " The old database is now \($0)." }
            ?? (report.isNew ? " It was created: there was no database before." : " The old database was missing.")
        return """
            \(report.database) is restored from \(file), with \(report.projects) projects up to event \
            \(report.lastSeq).\(before) Start the daemon again: systemctl start lifecycled.socket
            """
    }
}
