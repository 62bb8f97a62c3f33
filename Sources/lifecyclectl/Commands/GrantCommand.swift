internal import ArgumentParser
internal import LifecycleCore

struct GrantCommand: RemoteCommand {
    static let configuration = CommandConfiguration(
        commandName: "grant", abstract: "Give a user credits (admins only).",
        discussion: """
            Example:
              lifecyclectl grant ada 100 --reason "order 4711" --key order-4711
            """)

    @Argument(help: "The user.") var user: String
    @Argument(help: "The credits to give, 1 or more.") var credits: Int64
    @OptionGroup var posting: PostingOptions
    @OptionGroup var connection: ConnectionOptions

    func request() -> GrantCredits {
        GrantCredits(userId: user, credits: credits, reason: posting.reason, idempotencyKey: posting.idempotency.key)
    }

    func show(_ response: PostedEntry, on output: Output) { output.posted(response) }
}
