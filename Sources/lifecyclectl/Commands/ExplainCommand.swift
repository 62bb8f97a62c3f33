internal import ArgumentParser
internal import LifecycleCore

struct ExplainCommand: RemoteCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain", abstract: "Show a project's credits and history, with the caller of each step.",
        discussion: """
            UID, GID and PID are the user, group and process of the caller, as the kernel reported them.

            Examples:
              lifecyclectl explain 019ab0c4-5d2e-7a31-8c11-2f60b1f6a0de
              lifecyclectl explain --external-id story-4711 --json
            """)

    @OptionGroup var target: ProjectOptions
    @OptionGroup var connection: ConnectionOptions

    func request() -> ExplainProject { ExplainProject(projectId: target.project, externalId: target.externalId) }

    func show(_ response: ExplainProject.Response, on output: Output) {
        output.line(response.summary)
        output.heading("Ledger")
        output.table(Table(response.entries, withProjects: false))
        output.heading("History")
        output.table(Table(response.events))
    }
}
