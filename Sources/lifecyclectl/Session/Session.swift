internal import LifecycleClient
internal import LifecycleCore

/// One connection to the daemon, for one run.
struct Session {
    private let client: LifecycleClient
    private let configuration: ClientConfiguration

    /// - Parameter timeout: in seconds, where the options give none.
    init(_ options: ConnectionOptions, timeout: Double = 30) {
        configuration = options.configuration(timeout: timeout)
        client = LifecycleClient(configuration)
    }

    /// Calls a method; a write gets its idempotency key here, so that it can be named when the outcome is unknown.
    func call<M: Method>(_ request: M) async throws(Failure) -> Verbatim<M>.Response {
        var request = Verbatim(request)
        request.addKey(RandomKey.make)
        do throws(ClientError) {
            return try await client.call(request)
        } catch {
            throw Failure(error, socketPath: configuration.socketPath, Repetition(of: request.request))
        }
    }

    /// Calls a method by its name.
    func call(_ method: String, _ params: String) async throws(Failure) -> String {
        do throws(ClientError) {
            return try await client.call(method: method, params: params)
        } catch {
            throw Failure(error, socketPath: configuration.socketPath, .unknownMethod)
        }
    }
}
