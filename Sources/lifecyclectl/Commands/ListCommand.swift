internal import ArgumentParser
internal import LifecycleCore

struct ListCommand: PagedCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List projects, newest first.",
        discussion: """
            On a terminal, lines are cut to its width. In a pipe, lines are complete.

            Examples:
              lifecyclectl list --status pending,processing
              lifecyclectl list --user ada --since 7d --stats
              lifecyclectl list --all --json | jq -r '.projects[].projectId'
            """)
    static let noun = "projects"

    @Option(
        help: ArgumentHelp(
            "Only projects with this status. May be repeated, or be a list with commas.", valueName: "status"))
    var status: [StatusList] = []

    @Option(help: ArgumentHelp("Only this user's projects.", valueName: "user"))
    var user: String?

    @Option(
        help: ArgumentHelp(
            "Only projects created since then: 30m, 2h, 7d, 2026-11-20 (UTC) or a time in RFC 3339.",
            valueName: "time"))
    var since: Moment?

    @Flag(help: "Also print totals over all projects that match.")
    var stats = false

    @OptionGroup var paging: PagingOptions
    @OptionGroup var connection: ConnectionOptions

    func request() throws -> ListProjects {
        var request = ListProjects(userId: user)
        if !status.isEmpty { request.status = StatusFilter(status.flatMap(\.statuses)) }
        request.createdAfter = since?.timestamp
        request.includeStats = stats ? true : nil
        request.limit = paging.pageLimit
        request.cursor = try paging.cursor.map(ProjectID.init(argument:))
        return request
    }

    func show(_ pages: [ListProjects.Response], on output: Output) {
        var table = Table(
            .left("PROJECT"), .left("STATUS"), .right("CREDITS"), .left("USER"), .left("CREATED"), .left("DETAILS"))
        for project in pages.lazy.flatMap(\.projects) {
            table.append([
                .init(project.projectId.description), .init(project.status.rawValue, project.status.style),
                .init(project.creditsUsed), .init(project.userId), .init(project.createdAt.short),
                .init([project.name, project.error].compactMap(\.self).joined(separator: "; ")),
            ])
        }
        if table.isEmpty { output.line("No projects.") } else { output.table(table) }
        if let stats = pages.first?.stats { show(stats, on: output) }
    }

    private func show(_ stats: Statistics, on output: Output) {
        let counts = stats.byStatus
        output.heading("Total")
        output.line(
            "\(stats.total.counted("project")): \(counts.pending) pending, \(counts.processing) processing, "
                + "\(counts.completed) completed, \(counts.failed) failed")
        output.line(
            "\(stats.creditsUsed.credits): \(stats.creditsHeld) held, \(stats.creditsCaptured) spent, "
                + "\(stats.creditsRefunded) refunded")
        guard let rate = stats.successRate else { return }
        let average = stats.averageSeconds.map { ", on average after \(Figure.seconds($0))" } ?? ""
        output.line("\(Figure.decimal(rate * 100)) % of the finished projects completed\(average)")
    }
}
