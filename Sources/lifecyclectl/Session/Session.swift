internal import LifecycleClient
internal import LifecycleCore

/// One connection to the daemon, for one run.
struct Session {
    private let client: LifecycleClient
    private let configuration: ClientConfiguration

    /// - Parameter timeout: in seconds, where the options give none.
    init(_ options: ConnectionOptions, timeout: Double = 30) { self.init(options.configuration(timeout: timeout)) }

    init(_ configuration: ClientConfiguration) {
        self.configuration = configuration
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

    /// Shows event after event, until it must end.
    func watch(_ request: Watch, _ show: (Event) -> Void) async throws(Failure) {
        let events = client.watch(userId: request.userId, projectId: request.projectId, fromSeq: request.fromSeq)
        do throws(ClientError) {
            var iterator = events.makeAsyncIterator()
            while let event = try await iterator.next() { show(event) }
        } catch {
            throw Failure(error, socketPath: configuration.socketPath, .read)
        }
    }

    /// Waits until the project has ended.
    func waitForEnd(of project: ProjectID) async throws(Failure) {
        do throws(ClientError) {
            _ = try await client.wait(for: project)
        } catch {
            throw Failure(error, socketPath: configuration.socketPath, .read)
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
