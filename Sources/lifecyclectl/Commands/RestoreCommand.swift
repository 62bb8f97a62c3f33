internal import ArgumentParser
internal import Glibc

struct RestoreCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore", abstract: "Replace the database by a backup, while the daemon is stopped.",
        discussion: """
            It asks for a confirmation and then runs lifecycled --restore, which checks the backup and keeps the old \
            database in the same folder under another name. It is refused while a daemon has the database open: stop \
            the socket and the service first. Run it as root or as the daemon's user. The exit code is that of \
            lifecycled: 73 if the database does not exist and --create is not given.

            Example:
              lifecyclectl restore /var/lib/lifecycle/backups/lifecycle-20261123T130119Z.db
            """)

    @Argument(help: ArgumentHelp("The backup.", valueName: "file"), completion: .file())
    var file: String

    @OptionGroup var database: DatabaseOptions

    @Flag(help: "Do not ask for a confirmation.")
    var yes = false

    func run() throws {
        if !yes { try confirm() }
        try DaemonBinary.become(["--restore=\(file)"] + database.arguments)
    }

    private func confirm() throws {
        guard isatty(STDIN_FILENO) == 1 else {
            throw ValidationError("Give --yes: standard input is not a terminal, so there is nobody to ask.")
        }
        StandardError.write(
            SafeText.line(
                "\(database.path) will be replaced by \(file), and kept under another name. Restore? [y/N] "))
        let answer = readLine() ?? ""
        guard ["y", "yes"].contains(answer.lowercased()) else { throw Failure("Nothing was done.") }
    }
}
