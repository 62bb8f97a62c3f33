internal import ArgumentParser
internal import LifecycleCore

struct BalanceCommand: RemoteCommand {
    static let configuration = CommandConfiguration(
        commandName: "balance", abstract: "Show a user's credits.",
        discussion: """
            Held credits are charged for unfinished projects and cannot be spent on anything else.

            Example:
              lifecyclectl balance ada
            """)

    @Argument(help: "The user.") var user: String
    @OptionGroup var connection: ConnectionOptions

    func request() -> GetBalance { GetBalance(userId: user) }

    func show(_ balance: Balance, on output: Output) {
        output.table(
            Table(details: [
                ("user", .init(balance.userId)), ("available", .init(balance.available)), ("held", .init(balance.held)),
            ]))
    }
}
