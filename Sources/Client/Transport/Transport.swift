package import LifecycleCore

/// Sends requests to a daemon and returns its answers, over a socket or within this process.
package protocol Transport: Sendable {
    /// Waits for the answer, at most until the request's timeout. Any task may call it. A cancelled task stops waiting
    /// at once.
    /// - Returns: the `result` of the reply.
    func send(_ request: OutgoingRequest) async throws(ClientError) -> JSONValue
    /// Begins a watch on a separate connection.
    func watch(_ request: Watch, _ onBegin: BeginHandler?) -> any EventSource
    /// Ends the watches, waits until all requests are answered or timed out, then ends. Later requests fail with
    /// `closed`.
    func close() async
    /// Ends at once. Requests that wait fail with `closed`.
    func abandon()
}

/// A request to send. The transport chooses its id.
package struct OutgoingRequest: Sendable {
    package let method: String
    /// A JSON object or array.
    package let params: [UInt8]
    /// It is safe to send it again if it may have arrived already.
    let isRepeatable: Bool
    let timeout: Duration

    init(_ method: String, params: [UInt8], isRepeatable: Bool, timeout: Duration) {
        self.method = method
        self.params = params
        self.isRepeatable = isRepeatable
        self.timeout = timeout.asTimeout
    }

    /// The line of the wire protocol, including its LF.
    func line(id: Int64) -> [UInt8] { JSONWriter.request(method, params: params, id: id) }
}

extension Duration {
    /// Limited to the range from zero to one year, so that no sum with it overflows.
    var asTimeout: Duration { min(max(self, .zero), .seconds(31_536_000)) }
}
