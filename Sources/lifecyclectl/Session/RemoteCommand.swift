internal import ArgumentParser
internal import LifecycleCore

/// A subcommand that calls one method and shows its result.
protocol RemoteCommand: AsyncParsableCommand {
    associatedtype Request: Method
    var connection: ConnectionOptions { get }

    func request() throws -> Request
    /// For people; with `--json` the daemon's own text is printed instead.
    func show(_ response: Request.Response, on output: Output)
    /// What is wrong with an answer, though it is one.
    func failure(_ response: Request.Response) -> Failure?
    /// Seconds to wait for an answer where `--timeout` does not say.
    var defaultTimeout: Double { get }
}

extension RemoteCommand {
    func failure(_ response: Request.Response) -> Failure? { nil }
    var defaultTimeout: Double { 30 }

    func run() async throws {
        let response = try await Session(connection, timeout: defaultTimeout).call(request())
        let output = Output()
        if connection.json { output.verbatim(response.json) } else { show(response.value, on: output) }
        if let failure = failure(response.value) { throw failure }
    }
}
