internal import ArgumentParser
internal import LifecycleCore

struct AdjustCommand: RemoteCommand {
    static let configuration = CommandConfiguration(
        commandName: "adjust", abstract: "Correct a user's credits, up or down (admins only).",
        discussion: """
            Example:
              lifecyclectl adjust ada --by -5 --reason "granted twice"
            """)

    @Argument(help: "The user.") var user: String
    // An option, because a positional argument cannot begin with a minus sign.
    @Option(
        name: .customLong("by"), parsing: .unconditional,
        help: ArgumentHelp("The credits to add. A negative number takes credits away.", valueName: "credits"))
    var credits: Int64
    @OptionGroup var posting: PostingOptions
    @OptionGroup var connection: ConnectionOptions

    func request() -> AdjustCredits {
        AdjustCredits(userId: user, credits: credits, reason: posting.reason, idempotencyKey: posting.idempotency.key)
    }

    func show(_ response: PostedEntry, on output: Output) { output.posted(response) }
}
