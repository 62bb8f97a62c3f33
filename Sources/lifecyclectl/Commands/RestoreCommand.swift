internal import ArgumentParser
internal import Glibc

struct RestoreCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore", abstract: "Put a backup in the place of the database; without the daemon.",
        discussion: """
            It checks the backup first, keeps the old database beside the new one, and refuses while a daemon has the \
            database: stop its socket and its service before. It is lifecycled --restore, with a question before it. \
            Run it as root or as the daemon's user. Its exit codes are those of lifecycled; 73 when there is no such \
            database: without --create none is made.

            Example:
              lifecyclectl restore /var/lib/lifecycle/backups/lifecycle-20261123T130119Z.db
            """)

    @Argument(help: ArgumentHelp("The backup.", valueName: "file"), completion: .file())
    var file: String

    @OptionGroup var database: DatabaseOptions

    @Flag(help: "Do not ask.")
    var yes = false

    func run() throws {
        if !yes { try confirm() }
        try DaemonBinary.become(["--restore=\(file)"] + database.arguments)
    }

    private func confirm() throws {
        guard isatty(STDIN_FILENO) == 1 else {
            throw ValidationError("Give --yes: there is no terminal to ask on.")
        }
        StandardError.write(
            SafeText.line("\(database.path) is replaced by \(file), and kept under another name. Restore? [y/N] "))
        let answer = readLine() ?? ""
        guard ["y", "yes"].contains(answer.lowercased()) else { throw Failure("Nothing was done.") }
    }
}
