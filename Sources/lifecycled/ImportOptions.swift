internal import ArgumentParser
internal import LifecycleRPC

/// Work that is done instead of serving.
struct ImportOptions: ParsableArguments {
    @Option(
        name: .customLong("import"),
        help: ArgumentHelp(
            "Bring the rows of FILE, a CSV with a header, into the database that no daemon has open, and end. "
                + "Users have the columns userId and credits, projects those of the old table UserProject.",
            valueName: "table"))
    var table: Importer.Table?

    @Flag(help: "With --import: do all of it, then take it back.")
    var dryRun = false

    @Flag(help: "With --import: print the summary as JSON.")
    var json = false

    @Argument(help: ArgumentHelp("With --import: the CSV file.", valueName: "file"), completion: .file())
    var file: String?

    func validate() throws {
        if table == nil {
            if let file { throw ValidationError("Unexpected argument '\(file)'") }
            guard !dryRun, !json else { throw ValidationError("--dry-run and --json go with --import") }
        } else if file == nil {
            throw ValidationError("--import needs the path of a CSV file")
        }
    }
}

extension Importer.Table: ExpressibleByArgument {}
