package import LifecycleCore

/// Carries requests to a daemon and their answers back: over a socket, or, in tests, inside of this process.
package protocol Transport: Sendable {
    /// Waits for the answer at most until the request's deadline. Any task; a cancelled one stops waiting at once.
    /// - Returns: the `result` of the reply.
    func send(_ request: OutgoingRequest) async throws(ClientError) -> JSONValue
    /// Begins a watch of its own.
    func watch(_ request: Watch, _ onBegin: BeginHandler?) -> any EventSource
    /// Ends the watches, waits until all that was sent is answered or timed out, then ends. Later requests fail with `closed`.
    func close() async
    /// Ends at once; what waits fails with `closed`.
    func abandon()
}

/// A request on its way to the daemon; its id is the transport's.
package struct OutgoingRequest: Sendable {
    package let method: String
    /// A JSON object or array.
    package let params: [UInt8]
    /// May be sent again when nobody knows whether it arrived.
    let isRepeatable: Bool
    let timeout: Duration

    init(_ method: String, params: [UInt8], isRepeatable: Bool, timeout: Duration) {
        self.method = method
        self.params = params
        self.isRepeatable = isRepeatable
        self.timeout = timeout.asTimeout
    }

    /// The line of the wire protocol, its LF included.
    func line(id: Int64) -> [UInt8] { JSONWriter.request(method, params: params, id: id) }
}

extension Duration {
    /// From zero to a year, so that no sum with it overflows.
    var asTimeout: Duration { min(max(self, .zero), .seconds(31_536_000)) }
}
