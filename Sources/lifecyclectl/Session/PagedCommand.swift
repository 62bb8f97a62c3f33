internal import ArgumentParser
internal import LifecycleCore

/// A method whose result comes in pages.
protocol PagedMethod: ReadMethod {
    associatedtype Cursor: CustomStringConvertible
    static func nextCursor(_ response: Response) -> Cursor?
    /// Rows of a page.
    static func count(_ response: Response) -> Int
    mutating func goOn(after cursor: Cursor)
}

/// A subcommand that shows one page of a list, or with `--all` every page.
protocol PagedCommand: AsyncParsableCommand {
    associatedtype Request: PagedMethod
    var connection: ConnectionOptions { get }
    var paging: PagingOptions { get }
    /// What the rows are.
    static var noun: String { get }

    func request() throws -> Request
    /// For people.
    func show(_ pages: [Request.Response], on output: Output)
}

extension PagedCommand {
    func run() async throws {
        let output = Output()
        let session = Session(connection)
        // Pages that run over the terminal show themselves how far it is.
        var progress = Progress(Self.noun, isWanted: paging.all && !(connection.json && output.terminal.isTerminal))
        defer { progress.clear() }
        var request = try request()
        var pages: [Request.Response] = []
        var next: Request.Cursor?
        repeat {
            if let next { request.goOn(after: next) }
            let page = try await session.call(request)
            progress.add(Request.count(page.value))
            if connection.json { output.verbatim(page.json) } else { pages.append(page.value) }
            next = Request.nextCursor(page.value)
        } while paging.all && next != nil
        progress.clear()
        if !connection.json { show(pages, on: output) }
        if let next { StandardError.note("There are more; go on with --cursor \(next), or use --all.") }
    }
}

extension ListProjects: PagedMethod {
    static func nextCursor(_ response: Response) -> ProjectID? { response.nextCursor }
    static func count(_ response: Response) -> Int { response.projects.count }
    mutating func goOn(after cursor: ProjectID) {
        self.cursor = cursor
        includeStats = nil
    }
}

extension ListEntries: PagedMethod {
    static func nextCursor(_ response: Response) -> String? { response.nextCursor }
    static func count(_ response: Response) -> Int { response.entries.count }
    mutating func goOn(after cursor: String) { self.cursor = cursor }
}
