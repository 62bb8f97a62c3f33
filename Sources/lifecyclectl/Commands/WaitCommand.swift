internal import ArgumentParser
internal import LifecycleClient
internal import LifecycleCore

struct WaitCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "wait", abstract: "Wait until a project has ended.",
        discussion: """
            The exit code is 0 if it completed, \(ExitStatus.projectFailed.rawValue) if it failed, and \
            \(ExitStatus.failed.rawValue) if it did not end within --timeout. The command keeps waiting while the \
            daemon restarts.

            Examples:
              lifecyclectl wait 019ab0c4-5d2e-7a31-8c11-2f60b1f6a0de --timeout 600
              lifecyclectl wait --external-id story-4711 && mail -s done ada
            """)

    @OptionGroup var target: ProjectOptions
    @Option(
        help: ArgumentHelp("How long to wait. Default: no limit.", valueName: "seconds"))
    var timeout: Double?
    @OptionGroup var socket: SocketOption
    @Flag(help: "Print the result of getStatus as JSON.") var json = false

    func validate() throws {
        guard let timeout else { return }
        guard timeout > 0, timeout <= 31_536_000 else {
            throw ValidationError("--timeout must be more than 0 and at most 31536000 seconds (one year).")
        }
    }

    func run() async throws {
        var configuration = socket.configuration
        let request = GetStatus(projectId: target.project, externalId: target.externalId)
        let found = try await Session(configuration).call(request).value.project
        // The daemon was there, so if it cannot be reached later, it is probably restarting.
        configuration.connectTimeout = .seconds(60)
        let session = Session(configuration)
        try await waitForEnd(of: found, session)
        try show(try await session.call(GetStatus(projectId: found.projectId)))
    }

    private func waitForEnd(of project: Project, _ session: Session) async throws {
        try await withThrowingTaskGroup { group in
            group.addTask { try await session.waitForEnd(of: project.projectId) }
            if let timeout {
                group.addTask {
                    try await Task.sleep(for: .seconds(timeout))
                    throw Failure("The project did not end within \(Figure.seconds(timeout)).")
                }
            }
            try await group.next()
            group.cancelAll()
        }
    }

    private func show(_ response: Verbatim<GetStatus>.Response) throws {
        let output = Output()
        let project = response.value.project
        if json {
            output.verbatim(response.json)
        } else {
            let error = project.error.map { ": \(SafeText.value($0))" } ?? ""
            output.line("Project \(project.projectId) is \(project.status.rawValue)\(error).")
        }
        if project.status == .failed { throw ExitCode(ExitStatus.projectFailed.rawValue) }
    }
}
