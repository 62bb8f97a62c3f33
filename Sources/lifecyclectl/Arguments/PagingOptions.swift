internal import ArgumentParser

/// How much of a long list.
struct PagingOptions: ParsableArguments {
    @Flag(help: "All of it, page by page.")
    var all = false

    @Option(help: ArgumentHelp("Rows of a page, 1 to 500. Default: 50; with --all 500.", valueName: "rows"))
    var limit: Int64?

    @Option(help: ArgumentHelp("Go on after an earlier page.", valueName: "cursor"))
    var cursor: String?

    func validate() throws {
        guard (1...500).contains(limit ?? 1) else { throw ValidationError("--limit must be from 1 to 500.") }
    }

    var pageLimit: Int64? { limit ?? (all ? 500 : nil) }
}
