internal import ArgumentParser

/// The idempotency key of a write.
struct KeyOption: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The idempotency key: requests with the same key take effect once. Default: a random key.",
            valueName: "key"))
    var key: String?
}
