internal import ArgumentParser

struct ImportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "Bring users' balances or the web app's old projects in from a CSV file.",
        discussion: """
            It works on the database itself, with the daemon stopped, and is done by lifecycled --import: all rows or \
            none, audited before they are kept. Run it again whenever you like: rows that are there already are left \
            alone. Give lifecycled's own settings by its environment variables (LIFECYCLED_LEASE …), as the \
            deadlines of unfinished projects follow from them. /usr/share/doc/lifecycle-rpc/import.md tells the columns.

            Its exit code is lifecycled's: 65 when rows are wrong, 66 when the file cannot be read, 75 when the daemon \
            runs, 73 when there is no such database: without --create none is made.

            Examples:
              lifecyclectl import users users.csv --dry-run
              lifecyclectl import projects projects.csv
            """)

    enum Table: String, ExpressibleByArgument, CaseIterable {
        case users, projects
    }

    @Argument(help: "What the rows are: users or projects.") var table: Table
    @Argument(help: "The CSV file, with a header.", completion: .file()) var file: String

    @OptionGroup var database: DatabaseOptions

    @Flag(help: "Do all of it, then take it back: nothing is written.")
    var dryRun = false

    @Flag(help: "Print the summary as JSON.")
    var json = false

    func run() throws {
        // Behind `--`, whatever the file is called.
        try DaemonBinary.become(
            ["--import", table.rawValue] + database.arguments + (dryRun ? ["--dry-run"] : [])
                + (json ? ["--json"] : []) + ["--", file])
    }
}
