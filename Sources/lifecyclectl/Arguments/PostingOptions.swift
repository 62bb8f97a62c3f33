internal import ArgumentParser

/// The options that `grant` and `adjust` share.
struct PostingOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The reason. It is kept in the ledger.", valueName: "text"))
    var reason: String

    @OptionGroup var idempotency: KeyOption
}
