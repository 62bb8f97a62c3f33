internal import ArgumentParser

/// What a grant and an adjustment have alike.
struct PostingOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Why; stays in the ledger.", valueName: "text"))
    var reason: String

    @OptionGroup var idempotency: KeyOption
}
