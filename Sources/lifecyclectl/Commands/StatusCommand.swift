internal import ArgumentParser
internal import LifecycleCore

struct StatusCommand: RemoteCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Show a project.",
        discussion: """
            Examples:
              lifecyclectl status 019ab0c4-5d2e-7a31-8c11-2f60b1f6a0de
              lifecyclectl status --external-id story-4711
            """)

    @OptionGroup var target: ProjectOptions
    @OptionGroup var connection: ConnectionOptions

    func request() -> GetStatus { GetStatus(projectId: target.project, externalId: target.externalId) }

    func show(_ response: GetStatus.Response, on output: Output) { output.table(Table(response.project)) }
}
