internal import ArgumentParser
internal import LifecycleRPC

/// The options of `--import`.
struct ImportOptions: ParsableArguments {
    @Option(
        name: .customLong("import"),
        help: ArgumentHelp(
            "Import the rows of FILE, a CSV file with a header, and exit. The daemon must be stopped. "
                + "The table users has the columns userId and credits, projects those of the old table UserProject.",
            valueName: "table"))
    var table: Importer.Table?

    @Flag(help: "With --import: do the whole import, then undo it.")
    var dryRun = false

    @Flag(help: "With --import: print the summary as JSON.")
    var json = false

    @Argument(help: ArgumentHelp("With --import: the CSV file.", valueName: "file"), completion: .file())
    var file: String?

    func validate() throws {
        if table == nil {
            if let file { throw ValidationError("Unexpected argument '\(file)'") }
            guard !dryRun, !json else { throw ValidationError("--dry-run and --json need --import") }
        } else if file == nil {
            throw ValidationError("--import needs the path of a CSV file")
        }
    }
}

extension Importer.Table: ExpressibleByArgument {}
