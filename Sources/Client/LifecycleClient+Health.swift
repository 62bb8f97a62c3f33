internal import LifecycleCore

extension LifecycleClient {
    /// What a health check found.
    public struct Health: Sendable {
        /// The daemon's version.
        public let version: String
        /// From the question to the answer.
        public let latency: Duration
    }

    /// Asks the daemon for the least that it can answer, over the connection that all calls use.
    ///
    /// - Parameter timeout: How long to wait for the answer.
    /// - Throws: `ClientError`: `unreachable` or `timedOut` when it is not well.
    public func checkHealth(timeout: Duration = .seconds(2)) async throws(ClientError) -> Health {
        let start = ContinuousClock.now
        let document = try await call(Discover(), timeout: timeout)
        return Health(version: document.version, latency: .now - start)
    }
}
