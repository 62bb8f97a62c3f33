internal import ArgumentParser

/// Which pages of a list to fetch.
struct PagingOptions: ParsableArguments {
    @Flag(help: "Fetch all pages.")
    var all = false

    @Option(help: ArgumentHelp("Rows per page, 1 to 500. Default: 50, or 500 with --all.", valueName: "rows"))
    var limit: Int64?

    @Option(help: ArgumentHelp("Continue after an earlier page, which printed this cursor.", valueName: "cursor"))
    var cursor: String?

    func validate() throws {
        guard (1...500).contains(limit ?? 1) else { throw ValidationError("--limit must be from 1 to 500.") }
    }

    var pageLimit: Int64? { limit ?? (all ? 500 : nil) }
}
