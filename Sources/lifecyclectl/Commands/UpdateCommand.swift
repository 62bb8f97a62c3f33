internal import ArgumentParser
internal import LifecycleCore

struct UpdateCommand: RemoteCommand {
    static let configuration = CommandConfiguration(
        commandName: "update", abstract: "Report a project's status. A project that fails is refunded.",
        discussion: """
            The first verdict is final. If a project and --external-id are given, the upstream's id is recorded too.

            Examples:
              lifecyclectl update completed 019ab0c4-5d2e-7a31-8c11-2f60b1f6a0de
              lifecyclectl update failed --external-id story-4711 --message "GPU lost"
            """)

    @Argument(help: "The new status.") var status: Report
    @Argument(
        help: ArgumentHelp("The project's id, a UUID.", valueName: "project"), transform: ProjectID.init(argument:))
    var project: ProjectID?
    @Option(help: ArgumentHelp("The upstream's id.", valueName: "id")) var externalId: String?
    @Option(help: ArgumentHelp("Why it failed, as a text for people.", valueName: "text")) var message: String?
    @Option(help: ArgumentHelp("Why it failed, as a word for programs. Default: pipelineFailed.", valueName: "word"))
    var code: String?
    @OptionGroup var connection: ConnectionOptions

    func validate() throws {
        guard project != nil || externalId != nil else {
            throw ValidationError("Name the project by its id or by --external-id.")
        }
    }

    func request() -> UpdateStatus {
        UpdateStatus(
            projectId: project, externalId: externalId, status: status.status, errorMessage: message, errorCode: code)
    }

    func show(_ response: UpdateStatus.Response, on output: Output) {
        let project = response.project
        output.line(
            "Project \(project.projectId) \(response.changed ? "is now" : "was already") \(project.status.rawValue).")
        let label = response.changed ? "Refunded" : "Refunded before"
        let refund = response.creditsRefunded > 0 ? "\(label): \(response.creditsRefunded.credits); " : ""
        output.line("\(refund)\(response.balance.sentence).")
    }
}
