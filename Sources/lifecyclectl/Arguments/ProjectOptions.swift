internal import ArgumentParser
internal import LifecycleCore

/// Names a project, either by its id or by the upstream's id.
struct ProjectOptions: ParsableArguments {
    @Argument(
        help: ArgumentHelp("The project's id, a UUID.", valueName: "project"), transform: ProjectID.init(argument:))
    var project: ProjectID?

    @Option(help: ArgumentHelp("The upstream's id of the project, instead of its id.", valueName: "id"))
    var externalId: String?

    func validate() throws {
        guard (project == nil) != (externalId == nil) else {
            throw ValidationError("Name the project: either by its id or by --external-id.")
        }
    }
}

extension ProjectID {
    init(argument: String) throws {
        guard let id = ProjectID(argument) else {
            throw ValidationError(
                "a project's id is a UUID; 'lifecyclectl status --external-id ID' finds it by the upstream's id")
        }
        self = id
    }
}
