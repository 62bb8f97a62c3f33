@_exported public import LifecycleCore
internal import Logging

/// A client of the lifecycle daemon: starts paid projects, reports what became of them, and reads the ledger.
///
/// One client is enough for a process: it shares one connection between all tasks, connects when it is first used and
/// again when the daemon was restarted. Every call waits at most for its timeout. A write gets an idempotency key when
/// it has none, and with it is repeated until its outcome is known, so that it is done once, whatever happens between.
///
/// Cancelling a task ends its waiting, never a write that was sent.
public final class LifecycleClient: Sendable {
    let transport: any Transport
    private let configuration: ClientConfiguration
    let telemetry: ClientTelemetry

    /// Connects on the first call, so that it cannot fail here.
    public convenience init(_ configuration: ClientConfiguration = ClientConfiguration()) {
        let telemetry = ClientTelemetry(configuration.logger)
        self.init(configuration, telemetry, SocketTransport(configuration, telemetry))
    }

    public convenience init(socketPath: String) {
        self.init(ClientConfiguration(socketPath: socketPath))
    }

    init(_ configuration: ClientConfiguration, _ telemetry: ClientTelemetry, _ transport: any Transport) {
        self.configuration = configuration
        self.telemetry = telemetry
        self.transport = transport
    }

    /// Reaches its daemon another way than over a socket.
    package convenience init(_ transport: any Transport) {
        let configuration = ClientConfiguration(socketPath: "")
        self.init(configuration, ClientTelemetry(configuration.logger), transport)
    }

    deinit { transport.abandon() }

    /// Waits until every call that was begun has its outcome, then closes the connection. Later calls fail with `closed`.
    /// Leases that are attached end with the connection, as they do when the client is dropped: report first, or ``detach(_:)``.
    public func close() async { await transport.close() }

    /// Calls a method of the daemon.
    ///
    /// - Parameters:
    ///   - method: The request: `CreateProject(…)`, `GetStatus(…)`, …
    ///   - timeout: How long to wait for the answer, repeats included; the configuration's when nil. At most a year.
    /// - Throws: `ClientError`; its `kind` is the daemon's word when the daemon refused, its `idempotencyKey` what to pass
    ///   to make the same call again.
    public func call<M: RPCMethod>(_ method: M, timeout: Duration? = nil) async throws(ClientError) -> M.Response {
        let remote = M.remote
        var method = method
        do throws(RPCError) {
            try remote.prepare(&method, RandomKey.make)
        } catch {
            throw .refused(error).of(key: remote.key(method))
        }
        var params = JSONWriter(capacity: 256)
        remote.writeParams(method, &params)
        let request = OutgoingRequest(
            remote.name, params: params.take(), isRepeatable: remote.isRepeatable(method),
            timeout: timeout ?? configuration.callTimeout)
        do throws(ClientError) {
            let result = try await send(request, label: remote.name)
            do throws(FieldError) {
                return try remote.readResult(result)
            } catch {
                throw .badReply("\(remote.name): \(error.reason)", .unknown)
            }
        } catch {
            throw error.of(key: remote.key(method))
        }
    }

    /// Calls a method by its name, for what this version has no type for. It is sent once: what may have arrived is not
    /// repeated.
    ///
    /// - Parameters:
    ///   - method: Its name: `getStatus`, `rpc.discover`, …
    ///   - params: The text of a JSON object or array.
    ///   - timeout: As for a typed call.
    /// - Returns: The text of the result.
    public func call(
        method: String, params: String = "{}", timeout: Duration? = nil
    ) async throws(ClientError) -> String {
        let document: JSONDocument
        do throws(JSONSyntaxError) {
            // One level is the request's own. The daemon could not say whose line was too deep.
            document = try JSONDocument(
                parsing: Array(params.utf8), maximumDepth: JSONDocument.defaultMaximumDepth - 1)
        } catch {
            throw .refused(.parseError(error))
        }
        guard [.object, .array].contains(document.root.kind) else {
            throw .refused(.invalidRequest("params must be an object or an array."))
        }
        let request = OutgoingRequest(
            method, params: document.root.minified(), isRepeatable: false,
            timeout: timeout ?? configuration.callTimeout)
        // Any other name would be a metric of its own, and an app may take names from outside.
        let isKnown = MethodTable.standard.entries.contains { $0.name.utf8.elementsEqual(method.utf8) }
        return String(decoding: try await send(request, label: isKnown ? method : "other").raw, as: UTF8.self)
    }

    private func send(_ request: OutgoingRequest, label: String) async throws(ClientError) -> JSONValue {
        // The daemon could not say whose line was too long.
        guard request.params.count <= Self.maximumParamsBytes else {
            throw .refused(.requestTooLarge(limit: Self.maximumParamsBytes))
        }
        let start = ContinuousClock.now
        do throws(ClientError) {
            let result = try await transport.send(request)
            telemetry.called(label, nil, took: .now - start)
            return result
        } catch {
            telemetry.called(label, error, took: .now - start)
            throw error
        }
    }

    /// The daemon's limit of a line, less room for the envelope.
    private static let maximumParamsBytes = 1_048_576 - 256
}
