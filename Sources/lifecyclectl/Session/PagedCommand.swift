internal import ArgumentParser
internal import LifecycleCore

/// A method whose result comes in pages.
protocol PagedMethod: ReadMethod {
    associatedtype Cursor: CustomStringConvertible
    static func nextCursor(_ response: Response) -> Cursor?
    /// The number of rows in a page.
    static func count(_ response: Response) -> Int
    mutating func continueAfter(_ cursor: Cursor)
}

/// A subcommand that shows one page of a list, or with `--all` every page.
protocol PagedCommand: AsyncParsableCommand {
    associatedtype Request: PagedMethod
    var connection: ConnectionOptions { get }
    var paging: PagingOptions { get }
    /// What the rows are called in the progress line.
    static var noun: String { get }

    func request() throws -> Request
    /// Prints the rows for people.
    func show(_ pages: [Request.Response], on output: Output)
}

extension PagedCommand {
    func run() async throws {
        let output = Output()
        let session = Session(connection)
        // JSON pages are printed as they come. On a terminal they show the progress themselves.
        var progress = Progress(Self.noun, isWanted: paging.all && !(connection.json && output.terminal.isTerminal))
        defer { progress.clear() }
        var request = try request()
        var pages: [Request.Response] = []
        var next: Request.Cursor?
        repeat {
            if let next { request.continueAfter(next) }
            let page = try await session.call(request)
            progress.add(Request.count(page.value))
            if connection.json { output.verbatim(page.json) } else { pages.append(page.value) }
            next = Request.nextCursor(page.value)
        } while paging.all && next != nil
        progress.clear()
        if !connection.json { show(pages, on: output) }
        if let next { StandardError.note("There are more rows: continue with --cursor \(next), or use --all.") }
    }
}

extension ListProjects: PagedMethod {
    static func nextCursor(_ response: Response) -> ProjectID? { response.nextCursor }
    static func count(_ response: Response) -> Int { response.projects.count }
    mutating func continueAfter(_ cursor: ProjectID) {
        self.cursor = cursor
        includeStats = nil
    }
}

extension ListEntries: PagedMethod {
    static func nextCursor(_ response: Response) -> String? { response.nextCursor }
    static func count(_ response: Response) -> Int { response.entries.count }
    mutating func continueAfter(_ cursor: String) { self.cursor = cursor }
}
