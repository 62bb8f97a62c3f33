internal import ArgumentParser
internal import LifecycleCore

struct EntriesCommand: PagedCommand {
    static let configuration = CommandConfiguration(
        commandName: "entries", abstract: "List a user's ledger entries, newest first.",
        discussion: """
            Examples:
              lifecyclectl entries ada
              lifecyclectl entries ada --all --json | jq -c '.entries[]'
            """)
    static let noun = "entries"

    @Argument(help: "The user.") var user: String
    @OptionGroup var paging: PagingOptions
    @OptionGroup var connection: ConnectionOptions

    func request() -> ListEntries {
        var request = ListEntries(userId: user)
        request.limit = paging.pageLimit
        request.cursor = paging.cursor
        return request
    }

    func show(_ pages: [ListEntries.Response], on output: Output) {
        let entries = pages.flatMap(\.entries)
        if entries.isEmpty { output.line("No entries.") } else { output.table(Table(entries, withProjects: true)) }
    }
}
