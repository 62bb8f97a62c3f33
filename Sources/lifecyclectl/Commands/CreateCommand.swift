internal import ArgumentParser
internal import LifecycleCore

struct CreateCommand: RemoteCommand {
    static let configuration = CommandConfiguration(
        commandName: "create", abstract: "Create a paid project and charge its user.",
        discussion: """
            Example:
              lifecyclectl create ada 40 --external-id story-4711 --metadata '{"pages":12}'
            """)

    @Argument(help: "The user who pays.") var user: String
    @Argument(help: "The price in credits.") var credits: Int64
    @Option(help: ArgumentHelp("The upstream's id, unique over all projects.", valueName: "id")) var externalId: String?
    @Option(help: ArgumentHelp("A name for people to read.", valueName: "text")) var name: String?
    @Option(help: ArgumentHelp("A JSON object to keep with the project.", valueName: "json")) var metadata: String?
    @Option(help: ArgumentHelp("The longest time from the creation to the first report.", valueName: "seconds"))
    var startTimeout: Int64?
    @Option(help: ArgumentHelp("The longest time between two reports.", valueName: "seconds")) var lease: Int64?
    @Option(help: ArgumentHelp("The longest time from the creation to the verdict.", valueName: "seconds"))
    var maxRuntime: Int64?
    @OptionGroup var idempotency: KeyOption
    @OptionGroup var connection: ConnectionOptions

    func request() throws -> CreateProject {
        var request = CreateProject(userId: user, credits: credits, idempotencyKey: idempotency.key)
        request.externalId = externalId
        request.name = name
        do throws(RPCError) {
            if let metadata { request.metadata = try Metadata(json: metadata) }
        } catch {
            throw ValidationError(error.message)
        }
        request.startTimeout = startTimeout
        request.lease = lease
        request.maxRuntime = maxRuntime
        return request
    }

    func show(_ response: CreateProject.Response, on output: Output) {
        let project = response.project
        if response.replayed {
            output.line(
                "Project \(project.projectId) was already created with this key; it is \(project.status.rawValue).")
        } else {
            output.line("Project \(project.projectId) is created and charged \(project.creditsUsed.credits).")
        }
        output.line("\(response.balance.sentence).")
    }
}
