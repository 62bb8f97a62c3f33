internal import ArgumentParser
internal import LifecycleCore

struct CancelCommand: RemoteCommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel", abstract: "Cancel a project: at once while it is pending, else by asking its pipeline.",
        discussion: """
            Example:
              lifecyclectl cancel 019ab0c4-5d2e-7a31-8c11-2f60b1f6a0de
            """)

    @Argument(
        help: ArgumentHelp("The project's id, a UUID.", valueName: "project"), transform: ProjectID.init(argument:))
    var project: ProjectID
    @OptionGroup var connection: ConnectionOptions

    func request() -> CancelProject { CancelProject(projectId: project) }

    func show(_ response: CancelProject.Response, on output: Output) {
        let project = response.project
        if project.status.isTerminal {
            output.line(
                "Project \(project.projectId) \(response.changed ? "is now" : "was already") \(project.status.rawValue)."
            )
            output.line("\(response.creditsRefunded.credits) went back; \(response.balance.sentence).")
        } else {
            output.line(
                "The pipeline of project \(project.projectId) \(response.changed ? "is asked" : "was asked before") to stop."
            )
            let deadline = project.deadline.map { " by \($0)" } ?? ""
            output.line("Should it say nothing\(deadline), the project fails and its credits go back.")
        }
    }
}
