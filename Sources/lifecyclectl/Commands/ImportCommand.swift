internal import ArgumentParser

struct ImportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "Import users' balances or old projects from a CSV file.",
        discussion: """
            It changes the database's file, so stop the daemon first. It runs lifecycled --import, which imports all \
            rows or none, and audits the ledger before it commits. It can be repeated: rows that were imported before \
            are skipped. The deadlines of unfinished projects depend on the daemon's limits, so set the same \
            environment variables (LIFECYCLED_LEASE …) as for the daemon. /usr/share/doc/lifecycle-rpc/import.md \
            describes the columns.

            The exit code is that of lifecycled: 65 if rows are wrong, 66 if the file cannot be read, 73 if the \
            database does not exist and --create is not given, 75 if the daemon is running.

            Examples:
              lifecyclectl import users users.csv --dry-run
              lifecyclectl import projects projects.csv
            """)

    enum Table: String, ExpressibleByArgument, CaseIterable {
        case users, projects
    }

    @Argument(help: "The kind of rows: users or projects.") var table: Table
    @Argument(help: "The CSV file, with a header.", completion: .file()) var file: String

    @OptionGroup var database: DatabaseOptions

    @Flag(help: "Do the whole import, then undo it.")
    var dryRun = false

    @Flag(help: "Print the summary as JSON.")
    var json = false

    func run() throws {
        // After `--`, so that a name which begins with a minus sign is not taken for a flag.
        try DaemonBinary.become(
            ["--import", table.rawValue] + database.arguments + (dryRun ? ["--dry-run"] : [])
                + (json ? ["--json"] : []) + ["--", file])
    }
}
