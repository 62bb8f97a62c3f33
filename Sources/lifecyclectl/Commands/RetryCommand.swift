internal import ArgumentParser
internal import LifecycleCore

struct RetryCommand: RemoteCommand {
    static let configuration = CommandConfiguration(
        commandName: "retry", abstract: "Repeat a failed project, as a new project that is charged again.",
        discussion: """
            Example:
              lifecyclectl retry 019ab0c4-5d2e-7a31-8c11-2f60b1f6a0de
            """)

    @Argument(
        help: ArgumentHelp("The failed project's id, a UUID.", valueName: "project"),
        transform: ProjectID.init(argument:))
    var project: ProjectID
    @OptionGroup var idempotency: KeyOption
    @OptionGroup var connection: ConnectionOptions

    func request() -> RetryProject { RetryProject(projectId: project, idempotencyKey: idempotency.key) }

    func show(_ response: RetryProject.Response, on output: Output) {
        let new = response.project
        if response.replayed {
            output.line("Project \(new.projectId) was already created with this key; it is \(new.status.rawValue).")
        } else {
            output.line("Project \(new.projectId) repeats \(project) and is charged \(new.creditsUsed.credits).")
        }
        output.line("\(response.balance.sentence).")
    }
}
