internal import ArgumentParser
internal import Glibc

struct RestoreCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore", abstract: "Put a backup in the place of the database; without the daemon.",
        discussion: """
            It checks the backup first, keeps the old database beside the new one, and refuses while a daemon has the \
            database: stop its socket and its service before. It is lifecycled --restore, with a question before it. \
            Run it as root or as the daemon's user. Its exit codes are those of lifecycled.

            Example:
              lifecyclectl restore backups/lifecycle-20261123T130119Z.db --database /var/lib/lifecycled/lifecycle.db
            """)

    @Argument(help: ArgumentHelp("The backup.", valueName: "file"), completion: .file())
    var file: String

    @Option(help: ArgumentHelp("The daemon's database.", valueName: "file"), completion: .file())
    var database: String

    @Flag(help: "Do not ask.")
    var yes = false

    func run() throws {
        if !yes { try confirm() }
        try DaemonBinary.become(["--restore=\(file)", "--database=\(database)"])
    }

    private func confirm() throws {
        guard isatty(STDIN_FILENO) == 1 else {
            throw ValidationError("Give --yes: there is no terminal to ask on.")
        }
        StandardError.write(
            SafeText.line("\(database) is replaced by \(file), and kept under another name. Restore? [y/N] "))
        let answer = readLine() ?? ""
        guard ["y", "yes"].contains(answer.lowercased()) else { throw Failure("Nothing was done.") }
    }
}
