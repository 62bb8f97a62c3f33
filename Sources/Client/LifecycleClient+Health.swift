internal import LifecycleCore

extension LifecycleClient {
    /// The result of a health check.
    public struct Health: Sendable {
        /// The daemon's version.
        public let version: String
        /// The time from the request to the answer.
        public let latency: Duration
    }

    /// Checks that the daemon answers, over the connection that all calls use.
    ///
    /// - Parameter timeout: How long to wait for the answer.
    /// - Throws: `ClientError`, for example `unreachable` or `timedOut`.
    public func checkHealth(timeout: Duration = .seconds(2)) async throws(ClientError) -> Health {
        let start = ContinuousClock.now
        let document = try await call(Discover(), timeout: timeout)
        return Health(version: document.version, latency: .now - start)
    }
}
