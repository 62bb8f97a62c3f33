internal import LifecycleClient
internal import LifecycleCore

/// The connection of this process to the daemon.
struct Session {
    private let client: LifecycleClient
    private let configuration: ClientConfiguration

    /// - Parameter seconds: the timeout if the options give none.
    init(_ options: ConnectionOptions, defaultTimeout seconds: Double = 30) {
        self.init(options.configuration(defaultTimeout: seconds))
    }

    init(_ configuration: ClientConfiguration) {
        self.configuration = configuration
        client = LifecycleClient(configuration)
    }

    /// Calls a method. A write gets its idempotency key here, so that the user can be told the key if the outcome is
    /// unknown.
    func call<M: Method>(_ request: M) async throws(Failure) -> Verbatim<M>.Response {
        var request = Verbatim(request)
        request.addKey(RandomKey.make)
        do throws(ClientError) {
            return try await client.call(request)
        } catch {
            throw Failure(error, socketPath: configuration.socketPath, Repetition(of: request.request))
        }
    }

    /// Passes every event to `show`, until the watch ends.
    func watch(_ request: Watch, _ show: (Event) -> Void) async throws(Failure) {
        let events = client.watch(userId: request.userId, projectId: request.projectId, fromSeq: request.fromSeq)
        do throws(ClientError) {
            var iterator = events.makeAsyncIterator()
            while let event = try await iterator.next() { show(event) }
        } catch {
            throw Failure(error, socketPath: configuration.socketPath, .read)
        }
    }

    func waitForEnd(of project: ProjectID) async throws(Failure) {
        do throws(ClientError) {
            _ = try await client.wait(for: project)
        } catch {
            throw Failure(error, socketPath: configuration.socketPath, .read)
        }
    }

    func call(_ method: String, _ params: String) async throws(Failure) -> String {
        do throws(ClientError) {
            return try await client.call(method: method, params: params)
        } catch {
            throw Failure(error, socketPath: configuration.socketPath, .unknownMethod)
        }
    }
}
