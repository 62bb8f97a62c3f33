internal import ArgumentParser
internal import Glibc
internal import LifecycleRPC

/// What the daemon's binary does instead of serving; it ends when that is done.
struct OneTimeOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Put a backup in the place of the database, and end.", valueName: "file"))
    var restore: String?

    @Flag(help: "With --restore or --import: make the database if there is none.")
    var create = false

    @Flag(help: "Fail and refund what is due, and end; beside a running daemon that is left to it.")
    var sweep = false

    func validate() throws {
        guard restore == nil || !sweep else { throw ValidationError("Give --restore or --sweep, not both.") }
    }

    var isGiven: Bool { restore != nil || sweep }
}

extension OneTimeOptions {
    /// - Returns: what was done, for people.
    func run(_ configuration: DaemonConfiguration) async throws -> String {
        guard let restore else {
            // It may be ended at any moment: what it does is one transaction.
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
            ?? (report.isNew ? " It was made new: there was none before." : " The old one was gone.")
        return """
            \(report.database) is restored from \(file), with \(report.projects) projects up to event \
            \(report.lastSeq).\(before) Start the daemon again: systemctl start lifecycled.socket
            """
    }
}
