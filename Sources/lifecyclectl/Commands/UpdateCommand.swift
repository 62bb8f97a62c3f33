internal import ArgumentParser
internal import LifecycleCore

struct UpdateCommand: RemoteCommand {
    static let configuration = CommandConfiguration(
        commandName: "update", abstract: "Report what became of a project; a failure gives its credits back.",
        discussion: """
            The first verdict stays. With a project and --external-id, the upstream's id is recorded too.

            Examples:
              lifecyclectl update completed 019ab0c4-5d2e-7a31-8c11-2f60b1f6a0de
              lifecyclectl update failed --external-id story-4711 --message "GPU lost"
            """)

    @Argument(help: "What it is now.") var status: Report
    @Argument(
        help: ArgumentHelp("The project's id, a UUID.", valueName: "project"), transform: ProjectID.init(argument:))
    var project: ProjectID?
    @Option(help: ArgumentHelp("The upstream's id.", valueName: "id")) var externalId: String?
    @Option(help: ArgumentHelp("Why it failed, for people.", valueName: "text")) var message: String?
    @Option(help: ArgumentHelp("Why it failed, a stable word; pipelineFailed when not given.", valueName: "word"))
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
        let refunded = response.creditsRefunded > 0 ? "\(response.creditsRefunded.credits) went back; " : ""
        output.line("\(refunded)\(response.balance.sentence).")
    }
}
