@_exported public import LifecycleCore
internal import Logging

/// A client of the lifecycle daemon: it creates paid projects, reports their status, and reads the ledger.
///
/// One client is enough for a process. All tasks share its connection. It connects on the first call, and again after
/// the daemon was restarted. Every call waits at most for its timeout. A write without an idempotency key gets one. The
/// client repeats the write with this key until the outcome is known, so that it takes effect only once.
///
/// Cancelling a task ends its waiting. It does not undo a write that was sent.
public final class LifecycleClient: Sendable {
    let transport: any Transport
    private let configuration: ClientConfiguration
    let telemetry: ClientTelemetry

    /// Does not connect yet, so it cannot fail. The first call connects.
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

    /// Waits until all calls in progress have their outcome, then closes the connection. Later calls fail with
    /// `closed`. Attached leases end with the connection, and also when the client is deallocated: report or
    /// ``detach(_:)`` first.
    public func close() async { await transport.close() }

    /// Calls a method of the daemon.
    ///
    /// - Parameters:
    ///   - method: The request: `CreateProject(…)`, `GetStatus(…)`, …
    ///   - timeout: How long to wait for the answer, including repeats. The configuration's if `nil`. At most one year.
    /// - Throws: `ClientError`. Its `kind` is set if the daemon refused the call. To repeat the same call, pass its
    ///   `idempotencyKey`.
    public func call<M: RPCMethod>(_ method: M, timeout: Duration? = nil) async throws(ClientError) -> M.Response {
        let remote = M.remote
        var method = method
        do throws(RPCError) {
            try remote.prepare(&method, RandomKey.make)
        } catch {
            throw .refused(error).with(key: remote.key(method))
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
            throw error.with(key: remote.key(method))
        }
    }

    /// Calls a method by its name, for methods that have no type in this version. It is not repeated if it may have
    /// reached the daemon.
    ///
    /// - Parameters:
    ///   - method: The method's name: `getStatus`, `rpc.discover`, …
    ///   - params: The text of a JSON object or array.
    ///   - timeout: As for a typed call.
    /// - Returns: The text of the result.
    public func call(
        method: String, params: String = "{}", timeout: Duration? = nil
    ) async throws(ClientError) -> String {
        let document: JSONDocument
        do throws(JSONSyntaxError) {
            // One level less, for the object around `params`. Checked here because the daemon does not tell which
            // request a line belonged to if it was too deep.
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
        // Unknown names share one metric, because an app may take names from outside, without a limit on their number.
        let isKnown = MethodTable.standard.entries.contains { $0.name.utf8.elementsEqual(method.utf8) }
        return String(decoding: try await send(request, label: isKnown ? method : "other").raw, as: UTF8.self)
    }

    private func send(_ request: OutgoingRequest, label: String) async throws(ClientError) -> JSONValue {
        // Checked here because the daemon does not tell which request a line belonged to if it was too long.
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

    /// The daemon's limit for a line in bytes, without the JSON-RPC members around `params`.
    private static let maximumParamsBytes = 1_048_576 - 256
}
