internal import ArgumentParser
internal import LifecycleCore

struct CancelCommand: RemoteCommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel", abstract: "Cancel a project: at once if it is pending, else by asking its pipeline.",
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
            output.line(
                "Refunded\(response.changed ? "" : " before"): \(response.creditsRefunded.credits); "
                    + "\(response.balance.sentence).")
        } else {
            output.line(
                "The pipeline of project \(project.projectId) "
                    + "\(response.changed ? "is asked" : "was already asked") to stop.")
            let deadline = project.deadline.map { " by \($0)" } ?? ""
            output.line("If it does not report\(deadline), the project fails and its credits are refunded.")
        }
    }
}
