package import LifecycleCore

/// Told once, when the watch has begun, of the newest event at that moment.
package typealias BeginHandler = @Sendable (_ seq: Int64) -> Void

/// Where the events of one watch come from: a socket, or the daemon inside of this process. Any thread.
package protocol EventSource: Sendable {
    /// Waits for the next event; one task at a time. Nil when the watch has ended without an error: it or the waiting
    /// task was cancelled, or the client was closed.
    func next() async throws(ClientError) -> Event?
    /// Ends it; what came and was not taken is thrown away.
    func cancel()
}
