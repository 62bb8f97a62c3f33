internal import ArgumentParser
internal import LifecycleCore

/// A subcommand that calls one method and shows its result.
protocol RemoteCommand: AsyncParsableCommand {
    associatedtype Request: Method
    var connection: ConnectionOptions { get }

    func request() throws -> Request
    /// Prints the response for people. It is not called with `--json`, which prints the daemon's text unchanged.
    func show(_ response: Request.Response, on output: Output)
    /// An error that the response itself reports, for example findings of the audit.
    func failure(_ response: Request.Response) -> Failure?
    /// The timeout if `--timeout` is not given, in seconds.
    var defaultTimeoutSeconds: Double { get }
}

extension RemoteCommand {
    func failure(_ response: Request.Response) -> Failure? { nil }
    var defaultTimeoutSeconds: Double { 30 }

    func run() async throws {
        let response = try await Session(connection, defaultTimeout: defaultTimeoutSeconds).call(request())
        let output = Output()
        if connection.json { output.verbatim(response.json) } else { show(response.value, on: output) }
        if let failure = failure(response.value) { throw failure }
    }
}
