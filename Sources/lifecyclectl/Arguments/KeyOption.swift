internal import ArgumentParser

/// What makes a write happen once.
struct KeyOption: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The idempotency key: repeats with the same one happen once. One is made when not given.",
            valueName: "key"))
    var key: String?
}
